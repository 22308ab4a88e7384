"""Conversion between napari layers and photos.

Layers of this plugin hold float32 pixels, sRGB-encoded and not clipped: values below 0 are colors outside
sRGB, values above 1 are highlights, so nothing is lost from file to file. The photo's metadata is in the
layer's ``metadata``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from llflow_photo.color.spaces import SRGB, ColorSpace, convert
from llflow_photo.errors import ImageInputError
from llflow_photo.photo import Photo

from .pending import PendingPixels

if TYPE_CHECKING:
    from napari.layers import Image, Layer

__all__ = [
    "KEY",
    "PLACED_BY",
    "SHOW_AS_IS",
    "LayerPhoto",
    "Snapshot",
    "full_data",
    "halved",
    "halvings",
    "is_photo_layer",
    "layer_parts",
    "photo_of_data",
    "placement",
    "pyramid",
    "snapshot",
    "why_no_photo",
]

KEY = "llflow_photo"
"""Key of the `LayerPhoto` in a layer's ``metadata``."""
SHOW_AS_IS: dict[str, Any] = {"rgb": True, "contrast_limits": (0.0, 1.0)}
"""Arguments of a color layer: values are shown unchanged, not stretched to the full range."""
_LARGE, _SMALLEST_LEVEL = 3_000_000, 1_000_000
"""Images of more pixels than the first are multiscale; the smallest level has at most the second."""
_BRIGHTEST = 4.0
"""A photo's median is never two stops above white; data of another scale may be."""


@dataclass(frozen=True)
class LayerPhoto:
    """The part of a photo that is kept in a layer's metadata.

    Attributes:
        facts: the photo without its pixels (metadata, bit depth, source).
        color_space: of the source file; results are written in it unless another is requested.
    """

    facts: Photo
    color_space: ColorSpace = SRGB

    @classmethod
    def of(cls, photo: Photo) -> LayerPhoto:
        return cls(photo.with_pixels(np.empty((0, 0, 3), np.float32), SRGB), photo.color_space)

    def with_pixels(self, pixels: np.ndarray) -> Photo:
        """The photo with other pixels, which are sRGB-encoded."""
        return self.facts.with_pixels(pixels, SRGB)


def layer_parts(photo: Photo, name: str, **more: Any) -> tuple[Any, dict[str, Any], str]:
    """A photo as napari layer data: pixels or a pyramid of them, keyword arguments, layer type.

    Args:
        more: additional entries of the layer's metadata.
    """
    levels = pyramid(convert(photo.pixels, photo.color_space, SRGB))
    metadata = {KEY: LayerPhoto.of(photo), **_summary(photo), **more}
    arguments = {"name": name, "metadata": metadata, **SHOW_AS_IS}
    if len(levels) == 1:
        return levels[0], arguments, "image"
    return levels, {**arguments, "multiscale": True}, "image"


def pyramid(pixels: np.ndarray) -> list[np.ndarray]:
    """A large image and reduced copies of it, so that napari draws only as many pixels as are visible.

    Args:
        pixels: H x W x 3.

    Returns:
        the image, then levels of half the height and width (means of 2 x 2 pixels) down to about a million
        pixels; only the image if it is small.
    """
    levels = [pixels]
    for _ in halvings((pixels.shape[0], pixels.shape[1]))[1:]:
        levels.append(halved(levels[-1]))
    return levels


def halvings(shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Heights and widths of the levels of a pyramid, the full size first; only that for small images."""
    shapes = [shape]
    if shape[0] * shape[1] <= _LARGE:
        return shapes
    while shapes[-1][0] * shapes[-1][1] > _SMALLEST_LEVEL:
        shapes.append((shapes[-1][0] // 2, shapes[-1][1] // 2))
    return shapes


def halved(pixels: np.ndarray) -> np.ndarray:
    """An image, H x W x 3, float32, of half the height and width: means of 2 x 2 pixels."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    even = pixels[:height, :width]
    halved: np.ndarray = even[::2, ::2] + even[::2, 1::2]
    halved += even[1::2, ::2]
    halved += even[1::2, 1::2]
    halved *= np.float32(0.25)
    return halved


def _summary(photo: Photo) -> dict[str, Any]:
    summary: dict[str, Any] = {"color_space": photo.color_space.name, "bit_depth": photo.bit_depth}
    if photo.source is not None:
        summary["source"] = str(photo.source)
    if photo.notes:
        summary["notes"] = list(photo.notes)
    return summary


def is_photo_layer(layer: Layer) -> bool:
    """Whether a layer can be used as a photo: an RGB image, or a gray one of two dimensions, but no mask."""
    image: Any = layer
    return _is_image(layer) and bool(image.rgb or image.ndim == 2)


def why_no_photo(layer: Layer) -> str:
    """Why an image layer cannot be used as a photo, one sentence; empty for photos and other layers."""
    if not _is_image(layer) or is_photo_layer(layer):
        return ""
    return (
        f"Layer {layer.name!r} is a gray stack of {layer.ndim} dimensions, and a photo has two: "
        "add one plane of it as a separate layer, for example viewer.add_image(layer.data[0])."
    )


def _is_image(layer: Any) -> bool:
    """Whether a layer is an image; one of booleans is a mask, like a layer of labels."""
    # napari's proxies report the class of the layer they wrap.
    return bool(layer.__class__.__name__ == "Image" and full_data(layer).dtype != bool)


def full_data(layer: Image) -> Any:
    """A layer's array; for a pyramid, the largest level."""
    return layer.data[0] if layer.multiscale else layer.data


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The data of a layer for use in threads; the layer may change or be removed meanwhile.

    Attributes:
        data: the layer's array (a reference; for a stack, the current frame).
        metadata: the layer's metadata.
        path: the file that the layer was opened from.
        name: the layer's name.
    """

    data: Any
    metadata: dict[str, Any]
    path: str | None
    name: str

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return int(self.data.shape[0]), int(self.data.shape[1])

    @cached_property
    def photo(self) -> Photo:
        """The photo, sRGB-encoded. Call this in threads: converting a large integer layer takes time.

        Raises:
            ImageInputError: the layer cannot be used as a photo.
        """
        pixels = np.asarray(self.data)  # waits for pixels that are being read; their metadata come with them
        metadata = self.metadata
        if isinstance(self.data, PendingPixels):
            metadata = {**metadata, **self.data.metadata}
        photo = photo_of_data(pixels, metadata)
        if photo.source is None and self.path:
            photo = replace(photo, source=Path(self.path))
        return photo

    def small(self, cancel: Callable[[], bool]) -> Photo | None:
        """A reduced photo to render while the pixels are being read; waits for it. Call this in threads.

        Returns:
            None if the pixels are there, or if the file has no smaller version.

        Raises:
            CancelledError: ``cancel`` returned true.
        """
        if not isinstance(self.data, PendingPixels):
            return None
        pixels = self.data.small(cancel)
        return None if pixels is None else Photo(pixels, SRGB, 8)

    def rendering_small(self) -> AbstractContextManager[None]:
        """Enter this while the photo of `small` is rendered: the pixels are read afterwards."""
        return self.data.rendering() if isinstance(self.data, PendingPixels) else nullcontext()

    def wait(self, cancel: Callable[[], bool]) -> None:
        """Wait until `photo` is available without waiting.

        Raises:
            CancelledError: ``cancel`` returned true.
            ReadError: the photo could not be read.
        """
        if isinstance(self.data, PendingPixels):
            self.data.wait(cancel)

    def becomes(self, data: Any) -> bool:
        """Whether an array holds the pixels that this snapshot waits, or has waited, for."""
        pixels = self.data.pixels if isinstance(self.data, PendingPixels) else None
        return pixels is not None and data is pixels and bool(self.data.shape == pixels.shape)


def snapshot(layer: Image, step: tuple[int, ...] = ()) -> Snapshot:
    """A snapshot of a layer; nothing is copied or converted.

    Args:
        step: the viewer's current step, which selects one frame of a stack.

    Raises:
        ImageInputError: the layer is neither a gray nor an RGB image.
    """
    data = full_data(layer)
    extra = layer.ndim - 2
    if extra and not layer.rgb:
        raise ImageInputError(
            f"layer {layer.name!r} has {layer.ndim} dimensions; choose a photo (two dimensions, RGB or gray)"
        )
    if extra:
        picked = (tuple(step)[-layer.ndim :] + (0,) * extra)[:extra]
        data = data[tuple(min(int(at), size - 1) for at, size in zip(picked, data.shape, strict=False))]
    return Snapshot(data, dict(layer.metadata), layer.source.path, layer.name)


def photo_of_data(data: np.ndarray, metadata: dict[str, Any]) -> Photo:
    """A layer's pixels and metadata as a photo, sRGB-encoded.

    Args:
        data: H x W, H x W x 3 or H x W x 4 (alpha is ignored). White is 255 for uint8, 65535 for uint16 and
            1 for floats. Other integer types usually hold 8- or 16-bit values: white is the smallest of 255,
            65535 and the type's maximum that no value exceeds, and a note of the photo says so.

    Raises:
        ImageInputError: the shape or type is not supported.
    """
    if data.ndim == 2:
        data = np.repeat(data[..., None], 3, axis=2)
    if data.ndim != 3 or data.shape[2] not in (3, 4) or not data.size:
        raise ImageInputError(f"the layer has the shape {data.shape}; choose a photo (H x W x 3)")
    data = data[..., :3]
    if data.dtype == bool or np.issubdtype(data.dtype, np.complexfloating):
        raise ImageInputError(
            f"the layer has {data.dtype} values; choose a photo (integers, or floats in [0, 1])"
        )
    notes: tuple[str, ...] = ()
    if np.issubdtype(data.dtype, np.integer):
        white, notes = _white_of(data)
        pixels = data.astype(np.float32)
        pixels /= np.float32(white)
        bits = 8 if white <= 255 else 16
    else:
        pixels, bits = np.asarray(data, np.float32), 32
        if float(np.median(pixels[::8, ::8].max(axis=2))) > _BRIGHTEST:
            raise ImageInputError(
                f"the layer's values reach {float(np.nanmax(pixels)):g}, but white is 1 for floats: "
                "divide the layer by its white level first"
            )
    known = metadata.get(KEY)
    if isinstance(known, LayerPhoto):
        return known.with_pixels(pixels)
    return Photo(pixels, SRGB, bits, notes=notes)


def _white_of(data: np.ndarray) -> tuple[int, tuple[str, ...]]:
    """The white level of integers, and a note if their type does not define it."""
    largest = int(np.iinfo(data.dtype).max)
    if data.dtype in (np.uint8, np.uint16):
        return largest, ()
    top = int(data.max())
    white = next(level for level in (255, 65535, largest) if top <= level or level >= largest)
    white = min(white, largest)
    return white, (f"{data.dtype} does not define a white level: {white} was used, as no value is larger",)


PLACED_BY = ("scale", "translate", "rotate", "shear", "affine")
"""Events of a layer that change its transform, and so the result of `placement`."""


def placement(layer: Image, offset: tuple[float, float], step: tuple[float, float]) -> np.ndarray:
    """The transform that places another image over part of a layer.

    Args:
        offset: data coordinates in the layer of the image's first pixel, (y, x).
        step: pixels of the layer per pixel of the image, (y, x).

    Returns:
        3 x 3, the image's ``affine`` in the viewer's last two dimensions.
    """
    extra = (0.0,) * (layer.ndim - 2)

    def world(y: float, x: float) -> np.ndarray:
        return np.asarray(layer.data_to_world((*extra, y, x)), float)[-2:]

    origin = world(*offset)
    matrix = np.eye(3)
    matrix[:2, 0] = (world(offset[0] + 1, offset[1]) - origin) * step[0]
    matrix[:2, 1] = (world(offset[0], offset[1] + 1) - origin) * step[1]
    matrix[:2, 2] = origin
    return matrix
