"""Where the latent goes when a rendering gets brighter or warmer.

Adding the same number to a latent does not make its rendering brighter: it changes little, then the inverse
leaves what the network knows. What does is found by asking the flow: a rendering y of some photo x is
multiplied by a gain g, and the latent moves by ``f(g y | x) - f(y | x)``. Averaged over positions this shift
hardly depends on the photo, so it is a property of the model: a path ``d(g)`` through the latent, bent near
g = 1, with ``decode(mean + d(g))`` about g times as bright for every photo. It is measured once per model on
synthetic dark views, for gains that differ in exposure and in warmth, labelled with what it does to
renderings of those views, and looked up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..flow import Conditioning, LLFlow

__all__ = ["GainPath", "measure_gain_path", "synthetic_view"]

_CURVE = 2.2
"""EV are of linear light; of sRGB-encoded values, 1 EV is about a factor of 2^(1 / 2.2)."""
_EXPOSURE = (-2.6, -1.7, -1.0, -0.5, -0.15, 0.0, 0.15, 0.5, 1.0, 1.6, 2.1)
_WARMTH = (-1.8, -0.8, -0.25, 0.0, 0.25, 0.8, 1.8)
_VIEWS = 2
_HEIGHT, _WIDTH = 48, 64
_EDGE = 2
"""Latent positions from a frame's edge on which convolutions' zero padding tells: they have shifts of their own."""
_ZONES = 2 * _EDGE + 1
_AT_ONCE = 11


@dataclass(frozen=True)
class GainPath:
    """A model's latent shifts for gains, tabulated.

    Attributes:
        exposure: nodes in EV, ascending, 0 among them.
        warmth: nodes in EV of red over blue, ascending, 0 among them.
        shifts: exposure x warmth x zone down x zone across x 192, float32. Zones are the positions nearest to
            the frame's edges one by one, and all that lie between.
    """

    exposure: np.ndarray
    warmth: np.ndarray
    shifts: np.ndarray

    def shift(self, gains: np.ndarray, rows: slice, cols: slice, height8: int, width8: int) -> np.ndarray:
        """Latent shifts for a field of gains, interpolated linearly between nodes, held beyond the last.

        Args:
            gains: 2 x rows x cols: exposure and warmth in EV at each latent position.
            rows: of the frame's latent grid.
            cols: of it.
            height8: rows of the whole grid.
            width8: columns of it.

        Returns:
            192 x rows x cols, float32.
        """
        row, down = _place(gains[0], self.exposure)
        col, across = _place(gains[1], self.warmth)
        zone = np.ix_(_zones(rows, height8), _zones(cols, width8))

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
    """The node below each value, and how far it is to the next one, h x w x 1."""
    index = np.clip(np.searchsorted(nodes, values, side="right") - 1, 0, len(nodes) - 2)
    fraction = (np.clip(values, nodes[0], nodes[-1]) - nodes[index]) / (nodes[index + 1] - nodes[index])
    return index, fraction.astype(np.float32)[..., None]


@torch.inference_mode()
def measure_gain_path(flow: LLFlow) -> GainPath:
    """Measure a model's path; takes about two seconds of a CPU, and is the same every time."""
    device = next(flow.parameters()).device
    gains = _gains().to(device)
    views = [torch.from_numpy(synthetic_view(seed)).to(device) for seed in range(_VIEWS)]
    given = [flow.encode(view.permute(2, 0, 1)[None]) for view in views]
    rows, cols = (torch.from_numpy(_zones(slice(0, size), size)) for size in (_HEIGHT // 8, _WIDTH // 8))
    total = torch.zeros((len(gains), 192, _ZONES, _ZONES), device=device)
    for condition in given:
        rendering = flow.decode(condition).clamp(0.02, 0.98)
        start, _ = flow.latent_of(rendering, condition)
        for first in range(0, len(gains), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            latents, _ = flow.latent_of(rendering * gains[some], condition)
            total[some] += _mean_by_zone(latents - start, rows, cols)
    table = torch.nan_to_num(total / _VIEWS, nan=0.0, posinf=0.0, neginf=0.0)
    table = table.view(len(_EXPOSURE), len(_WARMTH), 192, _ZONES, _ZONES)
    spread = table[..., rows, :][..., cols]
    exposure = _reached(flow, given, spread[:, _WARMTH.index(0.0)], _brightness_of)
    warmth = _reached(flow, given, spread[_EXPOSURE.index(0.0)], _warmth_of)
    return GainPath(
        _ascending(exposure, _EXPOSURE.index(0.0)),
        _ascending(warmth, _WARMTH.index(0.0)),
        np.ascontiguousarray(table.permute(0, 1, 3, 4, 2).cpu().numpy()),
    )


def _mean_by_zone(values: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    """N x C x h x w to N x C x zones x zones."""
    down = functional.one_hot(rows.long(), _ZONES).to(values)
    across = functional.one_hot(cols.long(), _ZONES).to(values)
    return torch.einsum("nchw,hy,wx->ncyx", values, down / down.sum(0), across / across.sum(0))


def _reached(
    flow: LLFlow, given: list[Conditioning], shifts: Tensor, measure: Callable[[Tensor], Tensor]
) -> np.ndarray:
    """What each shift does to renderings, in EV: averaged over positions it reaches less than it aims at."""
    total = torch.zeros(len(shifts), device=shifts.device)
    for condition in given:
        images = flow.decode(condition, condition.mean + shifts).clamp(1e-3, 1)
        total += measure(images) - measure(flow.decode(condition).clamp(1e-3, 1))
    return np.asarray((total / len(given)).cpu().numpy(), np.float32)


def _brightness_of(images: Tensor) -> Tensor:
    """Mean brightness of N x 3 x H x W, in EV, N."""
    return _CURVE * images.mean((1, 2, 3)).log2()


def _warmth_of(images: Tensor) -> Tensor:
    """Mean red over mean blue, in EV, N."""
    return _CURVE * (images[:, 0].mean((1, 2)) / images[:, 2].mean((1, 2))).log2()


def _ascending(values: np.ndarray, zero: int) -> np.ndarray:
    """Strictly ascending, and 0 where no shift is."""
    values = np.nan_to_num(values) - np.nan_to_num(values[zero])
    up = np.maximum.accumulate(values[zero:])
    down = np.minimum.accumulate(values[: zero + 1][::-1])[::-1]
    steps = np.arange(len(values), dtype=np.float32) - zero
    return np.asarray(np.concatenate([down[:-1], up]) + np.float32(1e-4) * steps)


def _gains() -> Tensor:
    """Factors of sRGB-encoded values for every pair of nodes: N x 3 x 1 x 1."""
    ev, warm = np.meshgrid(_EXPOSURE, _WARMTH, indexing="ij")
    channels = np.stack([ev + warm / 2, ev, ev - warm / 2], -1).reshape(-1, 3)
    return torch.from_numpy(2.0 ** (channels / _CURVE)).float()[..., None, None]


def synthetic_view(seed: int, height: int = _HEIGHT, width: int = _WIDTH) -> np.ndarray:
    """A dark scene of overlapping patches under uneven light, with noise.

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
