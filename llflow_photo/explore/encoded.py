"""A region of a photo, prepared once for any number of renderings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..callbacks import Cancel
from ..color.spaces import SRGB, convert
from ..finish.analysis import Window
from ..finish.specks import repaired
from ..options import Options
from ..photo import Photo
from ..prepared import PreparedPhoto, WholePhoto, prepare_region
from .region import Region, resample

if TYPE_CHECKING:
    from ..engine import EncodedPhoto, Enhancer
    from ..engine.latent import AnyLatent

__all__ = ["EncodedRegion", "WholePhoto", "encode_region"]


@dataclass(frozen=True)
class EncodedRegion:
    """A region whose renderings share what depends only on the photo.

    Attributes:
        region: its place in the photo, and its scale.
        prepared: its pixels, encoded, and what was decided for the whole photo.
    """

    region: Region
    prepared: PreparedPhoto

    @property
    def photo(self) -> EncodedPhoto:
        """The region as the engine encoded it."""
        return self.prepared.encoded

    def decode(self, latent: AnyLatent, cancel: Cancel | None = None) -> np.ndarray:
        """The network's rendering of a latent of the region's frame: h x w x 3, float32, sRGB, [0, 1]."""
        return self.photo.decode(latent, cancel=cancel)

    def render(self, latent: AnyLatent, options: Options, cancel: Cancel | None = None) -> np.ndarray:
        """Render a latent with all controls: h x w x 3, float32, sRGB-encoded, clipped to [0, 1]."""
        photo = self.prepared.render(latent, options, cancel=cancel)
        return np.asarray(np.clip(convert(photo.pixels, photo.color_space, SRGB), 0.0, 1.0))


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
        photo: the whole photo; only the pixels that the region covers are read.
        whole: what is decided for the whole photo; by default it is computed here. Pass it for further
            regions of the same photo.
        options: only ``remove_specks`` is used here; by default `Options()`.

    Raises:
        CancelledError: ``cancel`` returned true.
        ImageInputError: the pixels are not H x W x 3 or not finite.
    """
    from ..engine.view import FramePart

    whole = whole or WholePhoto.of(photo, enhancer, options, cancel)
    part = FramePart(region.frame, region.rows[0], region.cols[0])
    pixels = photo.with_pixels(_pixels(photo, region, options or Options()))
    return EncodedRegion(region, prepare_region(pixels, enhancer, whole, part, _window(region), cancel))


def _pixels(photo: Photo, region: Region, options: Options) -> np.ndarray:
    if not options.remove_specks:
        return resample(photo.pixels, region)
    transfer = photo.color_space.transfer
    return resample(photo.pixels, region, lambda pixels: repaired(pixels, transfer=transfer)[0])


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
