"""A region of a photo, encoded once, to be rendered again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..color.spaces import SRGB, convert
from ..color.working import Surround, to_network
from ..finishing import finished
from ..options import Options
from ..photo import Photo
from .region import Region, resample, subsample

if TYPE_CHECKING:
    from ..engine import Enhancer, Scene
    from ..engine.latent import AnyLatent
    from ..flow import PhotoStatistics

__all__ = ["EncodedRegion", "WholePhoto", "encode_region"]

Cancel = Callable[[], bool]


@dataclass(frozen=True)
class WholePhoto:
    """What is decided once for a whole photo, so that every region of it is rendered alike.

    Attributes:
        statistics: what the model decides for it.
        highlight: as of `color.working.Surround`.
    """

    statistics: PhotoStatistics
    highlight: float

    @classmethod
    def of(cls, photo: Photo, enhancer: Enhancer) -> WholePhoto:
        """From at most about a million of the photo's pixels."""
        view, surround = to_network(photo.with_pixels(np.ascontiguousarray(subsample(photo.pixels))))
        return cls(enhancer.photo_statistics(view), surround.highlight)


@dataclass(frozen=True)
class EncodedRegion:
    """A region whose rendering costs only a decode.

    Attributes:
        region: where it lies in its photo, and at which scale.
        scene: the encoded view.
        surround: what the network does not see of it.
    """

    region: Region
    scene: Scene
    surround: Surround

    def decode(self, latent: AnyLatent, cancel: Cancel | None = None) -> np.ndarray:
        """The network's rendering of a latent of the region's frame: h x w x 3, float32, sRGB, [0, 1]."""
        return self.scene.decode(latent, cancel=cancel)

    def finish(self, rendering: np.ndarray, options: Options) -> np.ndarray:
        """Strength, exposure and highlights applied: h x w x 3, float32, sRGB-encoded, clipped to [0, 1]."""
        photo = finished(rendering, self.surround, options)
        return np.asarray(np.clip(convert(photo.pixels, photo.color_space, SRGB), 0.0, 1.0))

    def render(self, latent: AnyLatent, options: Options, cancel: Cancel | None = None) -> np.ndarray:
        """`decode`, then `finish`."""
        return self.finish(self.decode(latent, cancel), options)


def encode_region(
    enhancer: Enhancer,
    photo: Photo,
    region: Region,
    whole: WholePhoto | None = None,
    cancel: Cancel | None = None,
) -> EncodedRegion:
    """Encode one region of a photo.

    Args:
        photo: the whole photo; only what the region covers is touched.
        whole: of the photo, by default computed here; keep it for the next region.

    Raises:
        CancelledError: ``cancel`` said so.
        ImageInputError: the pixels are not H x W x 3 or not finite.
    """
    from ..engine.view import FramePart

    whole = whole or WholePhoto.of(photo, enhancer)
    view, surround = to_network(photo.with_pixels(resample(photo.pixels, region)))
    part = FramePart(region.frame, region.rows[0], region.cols[0])
    scene = enhancer.encode(view, statistics=whole.statistics, part=part, cancel=cancel)
    return EncodedRegion(region, scene, replace(surround, highlight=whole.highlight))
