"""Lit surfaces in the picture: windows, screens, signs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Panel", "add_panel_light"]


@dataclass(frozen=True)
class Panel:
    """A rectangle that shines by itself; its glow, if any, is a `Lamp` without a core.

    What it shows is the scene behind it, at its own brightness.

    Attributes:
        x: of the middle.
        y: of the middle.
        half_width: half the width.
        half_height: half the height.
        edge: width of the soft edge outside the rectangle.
        level: light of a white part, in units of white.
        color: linear sRGB.
        plain: share of the light that does not depend on the scene behind, 0 to 1.
    """

    x: float
    y: float
    half_width: float
    half_height: float
    edge: float
    level: float
    color: tuple[float, float, float]
    plain: float = 0.5


def add_panel_light(
    light: np.ndarray,
    panels: tuple[Panel, ...],
    scene: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    gain: float = 1.0,
) -> None:
    """Add to ``light`` what panels send out.

    Args:
        light: H x W x 3, float32, linear sRGB, 1 = white; changed in place.
        scene: H x W x 3, linear sRGB, the clean photo.
        x: W positions of the columns.
        y: H positions of the rows.
        gain: a factor of all of it.
    """
    for panel in panels:
        across = _inside(x, panel.x, panel.half_width, panel.edge)
        down = _inside(y, panel.y, panel.half_height, panel.edge)
        columns, rows = np.flatnonzero(across), np.flatnonzero(down)
        if not (columns.size and rows.size):
            continue
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        shape = down[part[0], None] * across[None, part[1]]
        shown = np.float32(panel.plain) + np.float32(1.0 - panel.plain) * scene[part].mean(2)
        color = np.array(panel.color, np.float32) * np.float32(panel.level * gain)
        light[part] += (shape * shown)[..., None] * color


def _inside(position: np.ndarray, middle: float, half: float, edge: float) -> np.ndarray:
    """1 inside, falling to 0 over the edge by smoothstep."""
    outside = np.clip((np.abs(position - middle) - half) / edge, 0.0, 1.0)
    return np.asarray(1.0 - outside * outside * (3.0 - 2.0 * outside), np.float32)
