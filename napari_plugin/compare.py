"""Comparing before and after: a draggable split line, side by side, or a key, all at the same zoom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from llflow_photo.explore.region import Region, resample

from .display_layers import add_on_top, remove_if_present, to_screen
from .layers import placement
from .newest import Newest
from .photo_choice import ROLE, made_from
from .render_cache import Subject
from .side_by_side import SideBySide
from .view import PREVIEW_PIXELS, camera, scale_of
from .work import Job, Work

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["MODES", "OFF", "SIDE_BY_SIDE", "SPLIT", "Compare"]

OFF, SPLIT, SIDE_BY_SIDE = MODES = ("Off", "Split line", "Side by side")
_LINE = 2
"""Width of the split line, in screen pixels."""
_GRAB = 12
"""Distance from the line within which a mouse press drags it, in screen pixels."""


class Compare:
    """Compares the original photo with its rendering.

    The split is a separate layer on top: the visible part of the photo left of the line, at screen
    resolution, with white last columns.

    Args:
        viewer: napari's viewer.
        work: runs the background jobs.
        ask: returns the layer of the photo and its subject, or None.
        region_of: returns the visible region of a layer, with at most the given number of pixels; None if
            nothing of it is visible.
        on_split: called with the position of the split after it was dragged.
    """

    def __init__(
        self,
        viewer: Viewer,
        work: Work,
        ask: Callable[[], tuple[Image, Subject] | None],
        region_of: Callable[[Image, int], Region | None],
        on_split: Callable[[float], None],
    ) -> None:
        self._viewer = viewer
        self._ask = ask
        self._region_of = region_of
        self._on_split = on_split
        self._newest = Newest(work, "Before and after", 20)
        self._before: tuple[Image, Region, np.ndarray] | None = None
        self._hidden: dict[Any, bool] = {}
        self.mode = OFF
        self.split = 0.5
        self.layer: Image | None = None
        self.side_by_side: SideBySide | None = None
        viewer.mouse_drag_callbacks.append(self._drag)

    def set_mode(self, mode: str) -> None:
        """One of `MODES`."""
        self.mode = mode
        self.refresh()
        if mode != SPLIT:
            self._newest.drop()
            self._before = None
            layer, self.layer = self.layer, None
            remove_if_present(self._viewer, layer)

    def refresh(self) -> None:
        """Fetch the visible part again, after the view or the photo changed."""
        asked = self._ask()
        if self.side_by_side is not None:
            self.side_by_side.show(asked[0] if asked is not None and self.mode == SIDE_BY_SIDE else None)
        if asked is None or self.mode != SPLIT:
            return
        source, subject = asked
        region = self._region_of(source, PREVIEW_PIXELS)
        if region is None:
            return
        part = region

        def fetch(job: Job) -> np.ndarray:
            return to_screen(resample(subject.photo.pixels, part))

        def show(block: np.ndarray) -> None:
            if self.mode == SPLIT and source in self._viewer.layers:
                self._before = (source, part, block)
                self.draw()

        self._newest.request(fetch, show)

    def set_split(self, position: float) -> None:
        """Move the line: 0 shows only the rendering, 1 only the original photo."""
        self.split = min(max(position, 0.0), 1.0)
        self.draw()

    def draw(self) -> None:
        """Draw the split again, where its photo is now."""
        if self._before is None or self._before[0] not in self._viewer.layers:
            return
        source, region, block = self._before
        width = block.shape[1]
        columns = max(1, round(self.split * width))
        part = block[:, :columns].copy()
        if 0 < self.split < 1:
            part[:, max(0, columns - _LINE) :] = 255
        affine = placement(source, region.offset, region.step)
        if self.layer is None or self.layer not in self._viewer.layers:
            self.layer = add_on_top(
                self._viewer,
                part,
                rgb=True,
                name="Before",
                affine=affine,
                metadata={ROLE: "before", **made_from(source)},
            )
        else:
            self.layer.data = part
            self.layer.affine = affine
        self.keep_on_top()

    def keep_on_top(self) -> None:
        """Move the layer of the split above all others."""
        layers = self._viewer.layers
        if self.layer in layers and layers.index(self.layer) != len(layers) - 1:
            layers.move(layers.index(self.layer), len(layers))

    def show_before(self, on: bool) -> None:
        """Hide all layers except the photo, or show them again."""
        asked = self._ask()
        if on and asked is not None and not self._hidden:
            self._hidden = {layer: layer.visible for layer in self._viewer.layers}
            asked[0].visible = True
            for layer in self._hidden:
                if layer != asked[0]:
                    layer.visible = False
        elif not on:
            hidden, self._hidden = self._hidden, {}
            for layer, visible in hidden.items():
                if layer in self._viewer.layers:
                    layer.visible = visible

    def layer_removed(self, layer: Any) -> bool:
        """Handle the removal of a layer; true if it was the split's layer, which turns the split off."""
        self._hidden.pop(layer, None)
        if self.layer is None or layer != self.layer:
            return False
        self.layer = None
        self._before = None
        self.mode = OFF
        return True

    def close(self) -> None:
        """Disconnect from the viewer."""
        self._newest.close()
        if self._drag in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._drag)

    def _drag(self, viewer: Viewer, event: Any) -> Iterator[None]:
        """Move the split while the line is dragged, instead of panning."""
        if not self._near_line(event.position):
            return
        seen = camera(viewer)
        panned = seen.mouse_pan
        seen.mouse_pan = False
        try:
            yield
            while event.type == "mouse_move":
                self.set_split(self._position_at(event.position))
                self._on_split(self.split)
                yield
        finally:
            seen.mouse_pan = panned

    def _near_line(self, position: tuple[float, ...]) -> bool:
        if self.mode != SPLIT or self._before is None:
            return False
        source, region, _ = self._before
        if source not in self._viewer.layers:
            return False
        pixels = abs(self._position_at(position) - self.split) * region.shape[1] * region.step[1]
        return bool(pixels * camera(self._viewer).zoom * scale_of(source) <= _GRAB)

    def _position_at(self, position: tuple[float, ...]) -> float:
        assert self._before is not None
        source, region, _ = self._before
        x = float(np.asarray(source.world_to_data(position))[-1])
        return (x - region.offset[1]) / (region.shape[1] * region.step[1])
