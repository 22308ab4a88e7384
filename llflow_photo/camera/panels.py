"""Visible lit surfaces: windows, screens, signs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Panel", "add_panel_light"]


@dataclass(frozen=True)
class Panel:
    """A luminous rectangle; its glow, if any, is a `Lamp` without a core.

    It shows the scene behind it, at its own brightness.

    Attributes:
        x: position of the center.
        y: the same, vertical.
        half_width: half the width.
        half_height: half the height.
        edge: width of the soft edge outside the rectangle.
        level: light of white areas, in units of white.
        color: linear sRGB.
        plain: share of the light that does not depend on the scene, 0 to 1.
        blur: side of the squares over which the panel is averaged.
    """

    x: float
    y: float
    half_width: float
    half_height: float
    edge: float
    level: float
    color: tuple[float, float, float]
    plain: float = 0.5
    blur: float = 0.0

    def averaged(self, side: float) -> Panel:
        """The panel averaged over squares of ``side``, in units of the frame's longer side.

        Convolution with the square widens the edges, and reduces the light of panels smaller than it.
        """
        return replace(self, blur=side)


def add_panel_light(
    light: np.ndarray,
    panels: tuple[Panel, ...],
    scene: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    gain: float = 1.0,
) -> None:
    """Add the light of panels to ``light``.

    Args:
        light: H x W x 3, float32, linear sRGB, 1 = white; changed in place.
        scene: H x W x 3, linear sRGB, the clean photo.
        x: W positions of the columns.
        y: H positions of the rows.
        gain: factor of the added light.
    """
    for panel in panels:
        across = _inside(x - panel.x, panel.half_width, panel)
        down = _inside(y - panel.y, panel.half_height, panel)
        columns, rows = np.flatnonzero(across), np.flatnonzero(down)
        if not (columns.size and rows.size):
            continue
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        shape = down[part[0], None] * across[None, part[1]]
        shown = np.float32(panel.plain) + np.float32(1.0 - panel.plain) * scene[part].mean(2)
        color = np.array(panel.color, np.float32) * np.float32(panel.level * gain)
        light[part] += (shape * shown)[..., None] * color


def _inside(distance: np.ndarray, half: float, panel: Panel) -> np.ndarray:
    """Profile of a panel: 1 inside, smoothstep to 0 over the edge, averaged over the blur."""
    level, edge = 1.0, panel.edge
    if panel.blur > 0:
        level, edge = min(1.0, 2.0 * half / panel.blur), edge + min(panel.blur, 2.0 * half)
        half = abs(half - 0.5 * panel.blur)
    outside = np.clip((np.abs(distance) - half) / edge, 0.0, 1.0)
    return np.asarray(level * (1.0 - outside * outside * (3.0 - 2.0 * outside)), np.float32)
