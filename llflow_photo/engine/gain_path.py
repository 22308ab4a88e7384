"""The shift of the latent that makes a rendering brighter or warmer.

Adding a constant to a latent does not make its rendering brighter: the rendering changes little, and for
large constants the inverse becomes unreliable. The right shift is found with the flow: if a rendering y of a
photo x is multiplied by a gain g, its latent moves by ``f(g y | x) - f(y | x)``. Averaged over positions,
this shift hardly depends on the photo, so it is a property of the model: a path ``d(g)`` in latent space,
curved near g = 1, such that ``decode(mean + d(g))`` is about g times as bright for every photo. The path is
measured once per model on synthetic dark images, for gains that differ in exposure and in warmth, and
separately near the frame's edges. The table's entries are labeled with the change they cause in renderings of
those images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..flow import Conditioning, LLFlow
from .latent_window import LatentWindow

__all__ = ["GainPath", "measure_gain_path", "synthetic_view"]

_CURVE = 2.2
"""EV refer to linear light; 1 EV multiplies sRGB-encoded values by about 2^(1 / 2.2)."""
_EXPOSURE = (-2.6, -1.7, -1.0, -0.5, -0.15, 0.0, 0.15, 0.5, 1.0, 1.6, 2.1)
_WARMTH = (-1.8, -0.8, -0.25, 0.0, 0.25, 0.8, 1.8)
"""Gains that are measured, in EV."""
_FARTHER = (1.15, 1.3, 1.45)
"""Factors by which the shifts of the largest gains are multiplied to extend the table."""
_ZERO = len(_FARTHER) + _EXPOSURE.index(0.0)
_CLEARLY = 0.01
"""Least increase of the change between successive shifts that are used, in EV."""
_EXPOSURE_NODES = (-2.0, -1.5, -1.0, -0.6, -0.3, -0.1, 0.0, 0.1, 0.3, 0.6, 0.9, 1.2)
_WARMTH_NODES = (-1.2, -0.6, -0.2, 0.0, 0.2, 0.6, 1.2)
"""Changes of renderings in the table, in EV."""
_VIEWS = 2
_HEIGHT, _WIDTH = 96, 128
_EDGE = 2
"""Number of latent positions at a frame's edge that zero padding affects; they have shifts of their own."""
_ZONES = 2 * _EDGE + 1
_AT_ONCE = 11


@dataclass(frozen=True)
class GainPath:
    """A table of a model's latent shifts for gains.

    Attributes:
        exposure: nodes in EV, ascending, 0 among them.
        warmth: nodes in EV of red over blue, ascending, 0 among them.
        shifts: exposure x warmth x vertical zone x horizontal zone x 192, float32. Along each axis, each of
            the positions nearest to the frame's edges is a zone, and all positions between them are one.
    """

    exposure: np.ndarray
    warmth: np.ndarray
    shifts: np.ndarray

    def shift(self, gains: np.ndarray, window: LatentWindow) -> np.ndarray:
        """Latent shifts for a field of gains, interpolated linearly and constant beyond the last nodes.

        Args:
            gains: 2 x rows x cols: exposure and warmth in EV at each latent position of the window.
            window: the part of the frame's latent grid.

        Returns:
            192 x rows x cols, float32.
        """
        row, down = _place(gains[0], self.exposure)
        col, across = _place(gains[1], self.warmth)
        zone = np.ix_(_zones(window.rows, window.grid[0]), _zones(window.cols, window.grid[1]))

        def at(exposure: np.ndarray, warmth: np.ndarray) -> np.ndarray:
            return np.asarray(self.shifts[exposure, warmth, zone[0], zone[1]])

        above = at(row, col) * (1 - across) + at(row, col + 1) * across
        below = at(row + 1, col) * (1 - across) + at(row + 1, col + 1) * across
        return np.ascontiguousarray((above * (1 - down) + below * down).transpose(2, 0, 1), np.float32)


def _zones(positions: slice, total: int) -> np.ndarray:
    """The zone of each position along one axis of a grid of ``total``."""
    index = np.arange(positions.start, positions.stop)
    from_end = total - 1 - index
    return np.where(index <= from_end, np.minimum(index, _EDGE), _ZONES - 1 - np.minimum(from_end, _EDGE))


def _place(values: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The node below each value, and the value's fraction of the way to the next node, h x w x 1."""
    index = np.clip(np.searchsorted(nodes, values, side="right") - 1, 0, len(nodes) - 2)
    fraction = (np.clip(values, nodes[0], nodes[-1]) - nodes[index]) / (nodes[index + 1] - nodes[index])
    return index, fraction.astype(np.float32)[..., None]


@torch.inference_mode()
def measure_gain_path(flow: LLFlow) -> GainPath:
    """Measure a model's path; deterministic, about two seconds on a processor."""
    device = next(flow.parameters()).device
    gains = _gains().to(device)
    conditionings = [_encoded(flow, synthetic_view(seed, _HEIGHT, _WIDTH), device) for seed in range(_VIEWS)]
    rows, cols = (torch.from_numpy(_zones(slice(0, size), size)) for size in (_HEIGHT // 8, _WIDTH // 8))
    total = torch.zeros((len(gains), 192, _ZONES, _ZONES), device=device)
    for conditioning in conditionings:
        rendering = flow.decode(conditioning).clamp(0.02, 0.98)
        start, _ = flow.latent_of(rendering, conditioning)
        for first in range(0, len(gains), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            latents, _ = flow.latent_of(rendering * gains[some], conditioning)
            total[some] += _mean_by_zone(latents - start, rows, cols)
    table = torch.nan_to_num(total / _VIEWS, nan=0.0, posinf=0.0, neginf=0.0)
    table = table.view(len(_EXPOSURE), len(_WARMTH), 192, _ZONES, _ZONES)
    ends = [[row * factor for factor in _FARTHER] for row in (table[0], table[-1])]
    table = torch.cat([torch.stack(ends[0][::-1]), table, torch.stack(ends[1])])
    whole = table[..., rows, :][..., cols]
    zones = (rows.to(device), cols.to(device))
    exposure = _reached(flow, conditionings, whole[:, _WARMTH.index(0.0)], zones, _brightness_of)
    warmth = _reached(flow, conditionings, whole[_ZERO], zones, _warmth_of)
    return _relabelled(table.permute(0, 1, 3, 4, 2).cpu().numpy(), exposure, warmth)


def _encoded(flow: LLFlow, view: np.ndarray, device: torch.device) -> Conditioning:
    return flow.encode(torch.from_numpy(view).permute(2, 0, 1)[None].to(device))


def _mean_by_zone(values: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    """N x C x h x w to N x C x zones x zones."""
    down = functional.one_hot(rows.long(), _ZONES).to(values)
    across = functional.one_hot(cols.long(), _ZONES).to(values)
    return torch.einsum("nchw,hy,wx->ncyx", values, down / down.sum(0), across / across.sum(0))


def _reached(
    flow: LLFlow,
    conditionings: list[Conditioning],
    shifts: Tensor,
    zones: tuple[Tensor, Tensor],
    measure: Callable[[Tensor], Tensor],
) -> np.ndarray:
    """Measure the change that each shift causes in renderings, per zone, in EV.

    It is smaller than the gain the shift was measured for, because the shifts are averages.

    Returns:
        shifts x zones x zones.
    """

    def measured(images: Tensor) -> Tensor:
        small = functional.avg_pool2d(torch.nan_to_num(images).clamp(1e-3, 1), 8)
        return measure(_mean_by_zone(small, *zones))

    total = torch.zeros((len(shifts), _ZONES, _ZONES), device=shifts.device)
    for conditioning in conditionings:
        total += measured(flow.decode(conditioning, conditioning.mean + shifts)) - measured(
            flow.decode(conditioning)
        )
    return np.asarray((total / len(conditionings)).cpu().numpy(), np.float32)


def _brightness_of(colors: Tensor) -> Tensor:
    """Mean brightness of N x 3 x h x w, in EV, N x h x w."""
    return _CURVE * colors.mean(1).log2()


def _warmth_of(colors: Tensor) -> Tensor:
    """Red over blue, in EV, N x h x w."""
    return _CURVE * (colors[:, 0] / colors[:, 2]).log2()


def _relabelled(table: np.ndarray, exposure: np.ndarray, warmth: np.ndarray) -> GainPath:
    """Resample a table so that its nodes are the changes that renderings actually show in every zone.

    Args:
        table: exposure x warmth x zones x zones x 192, at the gains that were measured.
        exposure: change caused by each exposure node, nodes x zones x zones, EV.
        warmth: change caused by each warmth node.
    """
    shape = (len(_EXPOSURE_NODES), len(_WARMTH_NODES), *table.shape[2:])
    shifts = np.empty(shape, np.float32)
    for zone in np.ndindex(table.shape[2:4]):
        of_zone = table[:, :, zone[0], zone[1]]
        reached = exposure[:, zone[0], zone[1]]
        of_zone = _interpolated(of_zone, reached, _ZERO, _EXPOSURE_NODES).swapaxes(0, 1)
        reached = warmth[:, zone[0], zone[1]]
        of_zone = _interpolated(of_zone, reached, _WARMTH.index(0.0), _WARMTH_NODES).swapaxes(0, 1)
        shifts[:, :, zone[0], zone[1]] = of_zone
    return GainPath(np.array(_EXPOSURE_NODES, np.float32), np.array(_WARMTH_NODES, np.float32), shifts)


def _interpolated(table: np.ndarray, reached: np.ndarray, zero: int, wanted: tuple[float, ...]) -> np.ndarray:
    """Interpolate rows of ``table`` at the changes ``wanted``, from the changes ``reached`` by each row.

    Row ``zero`` is no shift. Starting there, rows are used in both directions as long as their change clearly
    increases; changes beyond the last of them get its row.
    """
    reached = np.nan_to_num(reached - reached[zero])
    used = [zero]
    for sign, outward in ((1, range(zero + 1, len(reached))), (-1, range(zero - 1, -1, -1))):
        last = 0.0
        for row in outward:
            if sign * reached[row] < last + _CLEARLY:
                if last > _CLEARLY:
                    break
                continue
            last = sign * float(reached[row])
            used.append(row)
    used.sort()
    if len(used) == 1:  # no row causes a change, as in an untrained network
        return np.repeat(table[zero : zero + 1], len(wanted), 0)
    index, fraction = _place(np.array(wanted, np.float32), reached[used])
    weight = fraction.reshape(-1, *[1] * (table.ndim - 1))
    rows = table[used]
    return np.asarray(rows[index] * (1 - weight) + rows[index + 1] * weight)


def _gains() -> Tensor:
    """Factors for sRGB-encoded values for every pair of nodes: N x 3 x 1 x 1."""
    ev, warm = np.meshgrid(_EXPOSURE, _WARMTH, indexing="ij")
    channels = np.stack([ev + warm / 2, ev, ev - warm / 2], -1).reshape(-1, 3)
    return torch.from_numpy(2.0 ** (channels / _CURVE)).float()[..., None, None]


def synthetic_view(seed: int, height: int = _HEIGHT, width: int = _WIDTH) -> np.ndarray:
    """Create a dark image of overlapping patches under uneven light, with noise.

    Returns:
        height x width x 3, float32, sRGB-encoded, in [0, 1].
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    scene = np.full((height, width, 3), rng.uniform(0.15, 0.5, 3), np.float32)
    for _ in range(40):
        center_y, center_x, size = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(2, 12)
        stretch = rng.uniform(0.3, 3)
        if rng.random() < 0.5:
            inside = (y - center_y) ** 2 / stretch + (x - center_x) ** 2 < size * size
        else:
            inside = (abs(y - center_y) < size) & (abs(x - center_x) < size * stretch)
        scene[inside] = 0.6 * rng.uniform(0.05, 0.95, 3) + 0.4 * rng.uniform(0.05, 0.95)
    scene *= (0.8 + 0.2 * np.sin(3 * x / width + rng.uniform(0, 6)))[..., None]
    dark = (scene**2.2 * 0.02) ** (1 / 2.2) + rng.normal(0, 0.004, scene.shape)
    return np.clip(dark, 0, 1).astype(np.float32)
