"""Repair of hot pixels (specks) in developed photos and JPEGs, distinguished from stars by shape and color.

The image of a star by a sharp lens (Gaussian, sigma of 0.6 pixels or more) has at least a quarter of its
excess over the sky in each of the four direct neighbors, and raises all channels. Three kinds of specks
differ from that:

- A single pixel, or a row or column of three, as demosaicing renders a green hot pixel: the neighbors across
  have almost none of its excess.
- A corner or a cross of such pixels: the diagonal neighbors have almost nothing of what the image of a star,
  which is about the product of a row and a column, has there.
- A hot pixel of a mosaic, interpolated over 3 x 3 pixels: one or two channels rise there, another does not
  change or decreases, and there is no excess two pixels away, where the image of a colored lamp still has a
  sixth of its own (encoded).

JPEGs of halved color resolution spread the color of the latter over 5 x 5 pixels, but not its luma. They are
distinguished from distant lamps by a pure color that is wider than the luma, or by a luma that is nearly as
high in the direct neighbors and absent two pixels away. At least one channel hardly rises.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..callbacks import Cancel, raise_if_cancelled
from ..color.channels import greatest_channel
from ..color.checks import check_finite, check_shape
from ..color.fast_curves import encoded_light
from ..color.spaces import decode
from ..photo import Photo
from .planes import luma

__all__ = ["repaired", "without_specks"]

HALO = 8
"""Radius of the neighborhood on which the result of a pixel depends, pixels."""
_BLOCK_ROWS = 256
_LEAST = 0.06
_SIGMAS = 8.0
_MEDIAN_TO_SIGMA = 1.4826
_SHARE_OF_NEIGHBORS = 0.15
_SHARE_OF_PAIR = 0.08
# Products of direct neighbors, of the peak, that tell something; and the diagonal ones, of these products.
_SHARE_OF_PRODUCTS, _SHARE_OF_DIAGONALS = 0.15, 0.3
_SHARE_TWO_AWAY = 0.06
# Luma of the direct neighbors at which that two pixels away would be at least 0.13 if it were a star's.
_PLATEAU = 0.6
# Color two pixels away, of that of the peak, which only a halved resolution of color leaves without luma.
_SPREAD = 0.3
_RING = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if max(abs(dy), abs(dx)) == 2]
_WIDER = [(dy, dx) for dy in range(-3, 4) for dx in range(-3, 4) if max(abs(dy), abs(dx)) == 3]
# Radius within which there must be no other similar peak: glints and distant lights occur in groups.
_FAR = [(dy, dx) for dy in range(-8, 9) for dx in range(-8, 9) if max(abs(dy), abs(dx)) >= 4]
_SHARE_OF_SWARM = 0.4
# Rise of the second channel, of the peak, in pure colors, and of the third in all.
_SHARE_OF_SECOND, _SHARE_OF_LEAST = 0.4, 0.25
# Luma of the four corners of 3 x 3 pixels, and two away, of that of the peak, in compressed photos.
_SHARE_OF_CORNERS, _SHARE_TWO_AWAY_OF_PLATEAU = 0.75, 0.1
_STRAIGHT = [(-2, 0), (2, 0), (0, -2), (0, 2)]
_TOUCHING = [(-1, 0), (1, 0), (0, -1), (0, 1)]
_AXES = [index for index, (dy, dx) in enumerate(_RING) if dy == 0 or dx == 0]
_AROUND = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]


def without_specks(photo: Photo, cancel: Cancel | None = None, *, in_place: bool = False) -> Photo:
    """The photo with specks replaced by the median of the pixels two away; unchanged if it has none.

    Args:
        in_place: whether the array of the pixels may be changed, which avoids a copy.

    Raises:
        CancelledError: ``cancel`` returned true.
        ImageInputError: the pixels are not H x W x 3 or not finite.
    """
    pixels, count = repaired(photo.pixels, cancel, photo.color_space.transfer, in_place=in_place)
    if not count:
        return photo
    return replace(photo, pixels=pixels)


def repaired(
    pixels: np.ndarray, cancel: Cancel | None = None, transfer: str = "srgb", *, in_place: bool = False
) -> tuple[np.ndarray, int]:
    """Pixels without specks, and the number of repaired ones.

    Args:
        pixels: H x W x 3 float32.
        cancel: called before each block of rows.
        transfer: transfer curve of the pixels, see `ColorSpace`. Specks are recognized by limits of encoded
            values, so linear pixels are encoded for it.
        in_place: whether ``pixels`` may be changed.

    Returns:
        a copy if there are specks and the array may not or cannot be changed, otherwise ``pixels`` itself;
        and the number of specks.

    Raises:
        CancelledError: ``cancel`` returned true.
        ImageInputError: the pixels are not H x W x 3 or not finite.
    """
    check_shape(pixels)
    height, width = pixels.shape[:2]
    if height < 2 * HALO or width < 2 * HALO:
        return pixels, 0
    repairs, count = [], 0
    for top in range(0, height, _BLOCK_ROWS):
        raise_if_cancelled(cancel)
        bottom = min(top + _BLOCK_ROWS, height)
        rows = slice(max(0, top - HALO), min(height, bottom + HALO))
        block = pixels[rows]
        check_finite(block)  # an infinite pixel would be taken for a speck
        if transfer == "linear":
            block = encoded_light(block)
        y, x, wide = _specks(block)
        inside = (y >= top - rows.start) & (y < bottom - rows.start)
        if not inside.any():
            continue
        filled = block.copy()
        _fill(block, filled, y[inside], x[inside], wide[inside])
        changed = np.nonzero(filled != block)
        values = filled[changed]
        repairs.append((rows, changed, decode(values, "srgb") if transfer == "linear" else values))
        count += int(inside.sum())
    if not repairs:
        return pixels, 0
    out = pixels if in_place and pixels.flags.writeable else pixels.copy()
    for rows, changed, values in repairs:  # after the search, which reads rows of two blocks
        out[rows][changed] = values
    return out, count


def _specks(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and columns of specks, and whether each is interpolated."""
    found = np.zeros(pixels.shape[:2], np.uint8)
    peak, gray = greatest_channel(pixels), luma(pixels)
    y, x = _candidates(peak)
    found[_interpolated(pixels, y, x)] = 2
    found[_subsampled(pixels, gray, y, x)] = 2
    # JPEG has a higher resolution of luma than of color.
    found[_single(peak, y, x)] = 1
    found[_single(gray, *_candidates(gray))] = 1
    y, x = np.nonzero(found)
    alone = _alone(peak, y, x)
    y, x = y[alone], x[alone]
    return y, x, found[y, x] == 2


def _alone(peak: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Whether there is no comparable peak within 8 pixels."""
    reach = HALO
    padded = np.pad(peak, reach, mode="edge")  # a mirrored speck would be another one
    offsets = np.array(_FAR) + reach
    far = padded[y[:, None] + offsets[:, 0], x[:, None] + offsets[:, 1]]
    median = np.median(far, axis=1)
    return np.asarray(far.max(axis=1) - median < _SHARE_OF_SWARM * (peak[y, x] - median))


def _interpolated(pixels: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Peaks of one or two channels, 3 x 3 pixels wide, without a rise of another channel."""
    if not y.size:
        return y, x
    ring = np.stack([pixels[y + dy, x + dx] for dy, dx in _RING], axis=1)
    median = np.median(ring, axis=1)
    scatter = _MEDIAN_TO_SIGMA * np.median(np.abs(ring - median[:, None]), axis=1)
    inside = np.stack([pixels[y + dy, x + dx] for dy, dx in _AROUND], axis=1) - median[:, None]
    excess = inside[:, len(_AROUND) // 2]
    best = excess.argmax(axis=1)[:, None]
    most, noise = (np.take_along_axis(values, best, axis=1)[:, 0] for values in (excess, scatter))
    rises = np.take_along_axis(ring - median[:, None], best[..., None], axis=2)[..., 0]
    hot = most > np.maximum(_SIGMAS * noise, _LEAST)
    hot &= rises.max(axis=1) < 0.1 * most + 3 * noise
    hot &= rises[:, _AXES].mean(axis=1) < _SHARE_TWO_AWAY * most + 0.5 * noise
    hot &= (inside.mean(axis=1) - 0.5 * scatter).min(axis=1) < 0.0
    return y[hot], x[hot]


def _subsampled(
    pixels: np.ndarray, gray: np.ndarray, y: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Peaks without luma two pixels away, of a color that is wider, as in JPEGs of halved color."""
    inside = _away_from_borders(pixels, y, x)
    y, x = y[inside], x[inside]
    if not y.size:
        return y, x
    wider = np.stack([pixels[y + dy, x + dx] for dy, dx in _WIDER], axis=1)
    median = np.median(wider, axis=1)
    scatter = _MEDIAN_TO_SIGMA * np.median(np.abs(wider - median[:, None]), axis=1)
    excess = pixels[y, x] - median
    most, noise = excess.max(axis=1), scatter.max(axis=1)
    hot = most > np.maximum(_SIGMAS * noise, _LEAST)
    hot &= excess.min(axis=1) < _SHARE_OF_LEAST * most
    pure = np.sort(excess, axis=1)[:, 1] < _SHARE_OF_SECOND * most
    hot &= (wider - median[:, None]).max(axis=(1, 2)) < 0.15 * most + 3 * noise
    # Of luma itself: the medians of channels that are clipped at black are darker.
    around = np.stack([gray[y + dy, x + dx] for dy, dx in _WIDER], axis=1)
    level = np.median(around, axis=1)
    gray_noise = _MEDIAN_TO_SIGMA * np.median(np.abs(around - level[:, None]), axis=1)
    rises = np.stack([gray[y + dy, x + dx] for dy, dx in _RING], axis=1) - level[:, None]
    peak = gray[y, x] - level
    beside = np.stack([pixels[y + dy, x + dx] for dy, dx in _TOUCHING], axis=1).mean(axis=1) - median
    own, near = excess.max(axis=1) - peak, luma(beside)
    best = excess.argmax(axis=1)[:, None]
    width = np.take_along_axis(beside, best, axis=1)[:, 0] - near
    two_away = np.stack([pixels[y + dy, x + dx] for dy, dx in _STRAIGHT], axis=1) - median[:, None]
    color = np.take_along_axis(two_away, best[..., None], axis=2)[..., 0] - luma(two_away)
    spread = color.max(axis=1) > _SPREAD * own
    plateau = spread & (near > _PLATEAU * peak)
    hot &= plateau | (pure & (width * peak > near * own))
    corners = np.stack([gray[y + dy, x + dx] for dy in (-1, 1) for dx in (-1, 1)], axis=1).mean(axis=1)
    hot &= corners - level < _SHARE_OF_CORNERS * peak + 0.5 * gray_noise
    hot &= rises.max(axis=1) < 0.1 * peak + 3 * luma(scatter)
    hot &= rises[:, _AXES].mean(axis=1) < _SHARE_TWO_AWAY_OF_PLATEAU * peak + 0.5 * gray_noise
    return y[hot], x[hot]


def _single(plane: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Peaks one pixel wide."""
    if not y.size:
        return y, x
    ring = np.stack([plane[y + dy, x + dx] for dy, dx in _RING], axis=1)
    median = np.median(ring, axis=1)
    scatter = _MEDIAN_TO_SIGMA * np.median(np.abs(ring - median[:, None]), axis=1)
    excess = plane[y, x] - median
    touching = np.stack([plane[y + dy, x + dx] for dy, dx in _TOUCHING], axis=1) - median[:, None]
    hot = excess > np.maximum(_SIGMAS * scatter, _LEAST)
    hot &= ring.max(axis=1) - median < 0.25 * excess + 3 * scatter
    touching = np.maximum(touching, 0)
    pairs = touching.reshape(-1, 2, 2).mean(axis=2).min(axis=1)
    diagonal = np.stack([plane[y + dy, x + dx] for dy in (-1, 1) for dx in (-1, 1)], axis=1) - median[:, None]
    products = (touching[:, :2, None] * touching[:, None, 2:]).sum(axis=(1, 2)) / np.maximum(excess, _LEAST)
    crossed = products > _SHARE_OF_PRODUCTS * excess
    crossed &= np.maximum(diagonal, 0).sum(axis=1) < _SHARE_OF_DIAGONALS * products
    hot &= (
        (touching.mean(axis=1) < _SHARE_OF_NEIGHBORS * excess + scatter)
        | (pairs < _SHARE_OF_PAIR * excess + 0.5 * scatter)
        | crossed
    )
    return y[hot], x[hot]


def _candidates(peak: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Local peaks well above the four pixels two away, except at the borders."""
    inner = peak[2:-2, 2:-2]
    # Few pixels are well above those to the left and right of them.
    two_away = np.maximum(peak[2:-2, :-4], peak[2:-2, 4:])
    two_away += np.float32(_LEAST)
    y, x = np.divmod(np.flatnonzero(inner > two_away), inner.shape[1])
    y, x = y + 2, x + 2
    own = peak[y, x]
    above = own > np.maximum(peak[y - 2, x], peak[y + 2, x]) + np.float32(_LEAST)
    for dy, dx in _TOUCHING:
        above &= own > peak[y + dy, x + dx]
    return y[above], x[above]


def _fill(pixels: np.ndarray, out: np.ndarray, y: np.ndarray, x: np.ndarray, wide: np.ndarray) -> None:
    """Replace specks by the median around them, and limit what demosaicing or JPEG spread.

    A wide speck is replaced in 3 x 3 pixels, and limited to the scatter of the pixels three away in 5 x 5.
    """
    for ring, chosen, size in ((_RING, ~wide, 1), (_WIDER, wide & _away_from_borders(pixels, y, x), 2)):
        rows, columns = y[chosen], x[chosen]
        if not rows.size:
            continue
        around = np.stack([pixels[rows + dy, columns + dx] for dy, dx in ring], axis=1)
        median = np.median(around, axis=1)
        scatter = 2 * _MEDIAN_TO_SIGMA * np.median(np.abs(around - median[:, None]), axis=1)
        gray = luma(median)[:, None]
        gray_scatter = 2 * _MEDIAN_TO_SIGMA * np.median(np.abs(luma(around) - gray), axis=1)[:, None]
        for dy, dx in _RING:
            values = out[rows + dy, columns + dx]
            if size == 2:
                limited = np.clip(values, median - scatter, median + scatter)
            else:
                own, color = luma(values)[:, None], median - gray
                limited = own + np.clip(values - own, color - gray_scatter, color + gray_scatter)
            out[rows + dy, columns + dx] = limited
        for dy, dx in _AROUND:
            values = out[rows + dy, columns + dx]
            replaced = size == 2 or (dy == 0 and dx == 0)
            # Demosaicing darkens the neighbors of a hot pixel.
            limited = median if replaced else np.clip(values, median - scatter, median)
            out[rows + dy, columns + dx] = limited


def _away_from_borders(pixels: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    return np.asarray((y >= 3) & (x >= 3) & (y < height - 3) & (x < width - 3))
