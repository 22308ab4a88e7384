"""Between napari's layers and photos.

Layers this plugin makes hold float32 pixels, sRGB-encoded, not clipped: values below 0 are colors outside
sRGB, values above 1 are highlights, so nothing is lost on the way from file to file. What else belongs to the
photo travels in the layer's ``metadata``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from llflow_photo.color.spaces import SRGB, ColorSpace, convert
from llflow_photo.errors import ImageInputError
from llflow_photo.photo import Photo

if TYPE_CHECKING:
    from napari.layers import Image, Layer

__all__ = [
    "KEY",
    "SHOW_AS_IS",
    "LayerPhoto",
    "Snapshot",
    "full_data",
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
"""Where in a layer's ``metadata`` the plugin keeps what belongs to it."""
SHOW_AS_IS: dict[str, Any] = {"rgb": True, "contrast_limits": (0.0, 1.0)}
"""Arguments of a color layer: values are shown as they are, not stretched from least to largest."""
_LARGE, _SMALLEST_LEVEL = 3_000_000, 1_000_000
"""Pixels from which on a picture is given to napari as a pyramid, and of the pyramid's top at most."""
_BRIGHTEST = 4.0
"""Half of a photo's pixels are never two stops above white; data of another scale is."""


@dataclass(frozen=True)
class LayerPhoto:
    """What a layer's metadata remembers of its photo.

    Attributes:
        facts: the photo without its pixels (metadata, bit depth, source).
        color_space: of the file it came from; files are written in it unless another is asked for.
    """

    facts: Photo
    color_space: ColorSpace = SRGB

    @classmethod
    def of(cls, photo: Photo) -> LayerPhoto:
        return cls(photo.with_pixels(np.empty((0, 0, 3), np.float32), SRGB), photo.color_space)

    def with_pixels(self, pixels: np.ndarray) -> Photo:
        """The photo again, its pixels sRGB-encoded."""
        return self.facts.with_pixels(pixels, SRGB)


def layer_parts(photo: Photo, name: str, **more: Any) -> tuple[Any, dict[str, Any], str]:
    """A photo as napari's layer data: pixels or a pyramid of them, keyword arguments, kind.

    Args:
        more: entries for the layer's metadata.
    """
    levels = pyramid(convert(photo.pixels, photo.color_space, SRGB))
    metadata = {KEY: LayerPhoto.of(photo), **_summary(photo), **more}
    arguments = {"name": name, "metadata": metadata, **SHOW_AS_IS}
    if len(levels) == 1:
        return levels[0], arguments, "image"
    return levels, {**arguments, "multiscale": True}, "image"


def pyramid(pixels: np.ndarray) -> list[np.ndarray]:
    """A large picture and halved ones of it, so that napari draws only as many pixels as are on screen.

    Args:
        pixels: H x W x 3.

    Returns:
        the picture, then each level half as high and wide (means of 2 x 2 pixels) down to about a million
        pixels; the picture alone where it is small.
    """
    levels = [pixels]
    for _ in halvings((pixels.shape[0], pixels.shape[1]))[1:]:
        levels.append(_halved(levels[-1]))
    return levels


def halvings(shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Heights and widths of the levels of a pyramid, the whole picture's first; of small ones no other."""
    shapes = [shape]
    if shape[0] * shape[1] <= _LARGE:
        return shapes
    while shapes[-1][0] * shapes[-1][1] > _SMALLEST_LEVEL:
        shapes.append((shapes[-1][0] // 2, shapes[-1][1] // 2))
    return shapes


def _halved(pixels: np.ndarray) -> np.ndarray:
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
    """Whether a layer is an image of which a photo can be made: colored, or gray in two dimensions."""
    image: Any = layer
    return _is_image(layer) and bool(image.rgb or image.ndim == 2)


def why_no_photo(layer: Layer) -> str:
    """Why an image is not offered as a photo, one sentence; empty for photos and for what is no image."""
    if not _is_image(layer) or is_photo_layer(layer):
        return ""
    return (
        f"Layer {layer.name!r} is a gray stack of {layer.ndim} dimensions, and a photo has two: "
        "add one plane of it as a layer of its own, for example viewer.add_image(layer.data[0])."
    )


def _is_image(layer: Layer) -> bool:
    # napari's proxies report the class of the layer they wrap.
    return bool(layer.__class__.__name__ == "Image")


def full_data(layer: Image) -> Any:
    """A layer's array; of a pyramid, the largest."""
    return layer.data[0] if layer.multiscale else layer.data


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a thread needs of a layer, so that the layer may change or go while it works.

    Attributes:
        data: the layer's array (a reference; of a stack, the frame on screen).
        metadata: of the layer.
        path: the file the layer was opened from.
        name: of the layer.
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
        """The photo, sRGB-encoded. For threads: a large layer of integers takes a moment to convert.

        Raises:
            ImageInputError: the layer holds no photo.
        """
        photo = photo_of_data(np.asarray(self.data), self.metadata)
        if photo.source is None and self.path:
            photo = replace(photo, source=Path(self.path))
        return photo


def snapshot(layer: Image, step: tuple[int, ...] = ()) -> Snapshot:
    """Take hold of what a layer shows; nothing is copied or converted.

    Args:
        step: the viewer's current step, which picks one frame of a stack.

    Raises:
        ImageInputError: the layer is no picture of gray or RGB.
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
    """Pixels of a layer and its metadata as a photo, sRGB-encoded.

    Args:
        data: H x W, H x W x 3 or H x W x 4 (alpha is left out). White is 255 for uint8, 65535 for uint16 and
            1 for floats. Other integers are mostly 8- or 16-bit values in a wider type: white is the least of
            255, 65535 and their type's largest value that no value exceeds, and the photo's notes say so.

    Raises:
        ImageInputError: another shape or type.
    """
    if data.ndim == 2:
        data = np.repeat(data[..., None], 3, axis=2)
    if data.ndim != 3 or data.shape[2] not in (3, 4) or not data.size:
        raise ImageInputError(f"the layer holds an array of {data.shape}; choose a photo (H x W x 3)")
    data = data[..., :3]
    if data.dtype == bool or np.issubdtype(data.dtype, np.complexfloating):
        raise ImageInputError(f"the layer holds {data.dtype} values, which are no photo")
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
                f"the layer's values go up to {float(np.nanmax(pixels)):g}; floats have white at 1: "
                "divide it by its white level first"
            )
    known = metadata.get(KEY)
    if isinstance(known, LayerPhoto):
        return known.with_pixels(pixels)
    return Photo(pixels, SRGB, bits, notes=notes)


def _white_of(data: np.ndarray) -> tuple[int, tuple[str, ...]]:
    """The white level of integers, and a note where their type does not tell it."""
    largest = int(np.iinfo(data.dtype).max)
    if data.dtype in (np.uint8, np.uint16):
        return largest, ()
    top = int(data.max())
    white = next(level for level in (255, 65535, largest) if top <= level or level >= largest)
    white = min(white, largest)
    return white, (f"{data.dtype} has no white level of its own: {white} was taken, as no value is larger",)


def placement(layer: Image, offset: tuple[float, float], step: tuple[float, float]) -> np.ndarray:
    """Where another image must lie to cover part of a layer.

    Args:
        offset: the layer's data coordinates of the image's first pixel, down and across.
        step: the layer's pixels per pixel of the image.

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
