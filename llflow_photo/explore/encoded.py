"""A region of a photo, encoded once, to be rendered again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..callbacks import Cancel
from ..color.spaces import SRGB, convert
from ..color.working import Residual, to_network
from ..finish import PhotoAnalysis, finished
from ..finish.analysis import Window
from ..finish.specks import repaired
from ..options import Options
from ..photo import Photo
from .region import Region, resample, subsample

if TYPE_CHECKING:
    from ..engine import EncodedPhoto, Enhancer
    from ..engine.latent import AnyLatent
    from ..flow import PhotoStatistics

__all__ = ["EncodedRegion", "WholePhoto", "encode_region"]


@dataclass(frozen=True)
class WholePhoto:
    """What is decided once for a whole photo, so that every region of it is rendered alike.

    Attributes:
        statistics: what the model decides for it.
        highlight: as of `color.working.Residual`.
        analysis: what the finish decides for it.
    """

    statistics: PhotoStatistics
    highlight: float
    analysis: PhotoAnalysis

    @classmethod
    def of(cls, photo: Photo, enhancer: Enhancer) -> WholePhoto:
        """From at most about a million of the photo's pixels."""
        analysis = PhotoAnalysis.of(photo)
        view, residual = to_network(photo.with_pixels(np.ascontiguousarray(subsample(photo.pixels))))
        return cls(enhancer.photo_statistics(view), residual.highlight, analysis)


@dataclass(frozen=True)
class EncodedRegion:
    """A region whose rendering costs only a decode.

    Attributes:
        region: where it lies in its photo, and at which scale.
        photo: the encoded view.
        surround: what the network does not see of it.
        analysis: what the finish decided for the whole photo.
    """

    region: Region
    photo: EncodedPhoto
    residual: Residual
    analysis: PhotoAnalysis

    def decode(self, latent: AnyLatent, cancel: Cancel | None = None) -> np.ndarray:
        """The network's rendering of a latent of the region's frame: h x w x 3, float32, sRGB, [0, 1]."""
        return self.photo.decode(latent, cancel=cancel)

    def finish(self, rendering: np.ndarray, options: Options) -> np.ndarray:
        """Every control of the finish applied: h x w x 3, float32, sRGB-encoded, clipped to [0, 1]."""
        photo = finished(rendering, self.residual, options, self.analysis, _window(self.region))
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
    options: Options | None = None,
) -> EncodedRegion:
    """Encode one region of a photo.

    Args:
        photo: the whole photo; only what the region covers is touched.
        whole: of the photo, by default computed here; keep it for the next region.
        options: of which only ``remove_specks`` matters here; by default `Options`.

    Raises:
        CancelledError: ``cancel`` said so.
        ImageInputError: the pixels are not H x W x 3 or not finite.
    """
    from ..engine.view import FramePart

    whole = whole or WholePhoto.of(photo, enhancer)
    view, residual = to_network(photo.with_pixels(_pixels(photo, region, options or Options())))
    part = FramePart(region.frame, region.rows[0], region.cols[0])
    encoded = enhancer.encode(view, statistics=whole.statistics, part=part, cancel=cancel)
    return EncodedRegion(region, encoded, replace(residual, highlight=whole.highlight), whole.analysis)


def _pixels(photo: Photo, region: Region, options: Options) -> np.ndarray:
    if not options.remove_specks:
        return resample(photo.pixels, region)
    return resample(photo.pixels, region, lambda pixels: repaired(pixels)[0])


def _window(region: Region) -> Window:
    height, width = region.frame
    rows, cols = region.rows, region.cols
    return Window(
        rows[0] / height,
        cols[0] / width,
        (rows[1] - rows[0]) / height,
        (cols[1] - cols[0]) / width,
        max(1.0, float(np.sqrt(region.step[0] * region.step[1]))),
    )
