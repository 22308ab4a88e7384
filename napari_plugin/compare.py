"""Before and after: a split line to drag, layers side by side, or a toggle. All share one zoom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from llflow_photo.explore.region import Region, resample

from .layers import SHOW_AS_IS, placement
from .preview import ROLE, add_beside, remove_quietly
from .studio import Subject
from .view import PREVIEW_PIXELS, region_on_screen
from .work import Job, Newest, Work

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["MODES", "Compare"]

MODES = ("Off", "Split line", "Side by side")
_LINE = 2
"""Width of the split line, in pixels of the screen."""
_GRAB = 12
"""How near the line a press must be to drag it, in pixels of the screen."""


class Compare:
    """Shows the photo as it was beside what became of it.

    The split is a layer of its own on top: the photo's visible part left of the line, at the screen's
    resolution, its last columns white.

    Args:
        viewer: napari's viewer.
        work: to run in.
        ask: gives the layer that is the photo, and its subject, or None.
        on_split: called with the split's position when it was dragged.
    """

    def __init__(
        self,
        viewer: Viewer,
        work: Work,
        ask: Callable[[], tuple[Image, Subject] | None],
        on_split: Callable[[float], None],
    ) -> None:
        self._viewer = viewer
        self._ask = ask
        self._on_split = on_split
        self._newest = Newest(work, "Before and after", 80)
        self._before: tuple[Image, Region, np.ndarray] | None = None
        self._hidden: dict[Any, bool] = {}
        self.mode = MODES[0]
        self.split = 0.5
        self.layer: Image | None = None
        viewer.mouse_drag_callbacks.append(self._drag)

    def set_mode(self, mode: str) -> None:
        """One of `MODES`."""
        self.mode = mode
        self._viewer.grid.enabled = mode == "Side by side"
        if mode == "Split line":
            self.refresh()
        else:
            self._newest.drop()
            self._before = None
            layer, self.layer = self.layer, None
            remove_quietly(self._viewer, layer)

    def refresh(self) -> None:
        """The view or the photo changed: fetch the visible part anew."""
        asked = self._ask() if self.mode == "Split line" else None
        if asked is None:
            return
        source, subject = asked
        region = region_on_screen(self._viewer, source, PREVIEW_PIXELS)

        def fetch(job: Job) -> np.ndarray:
            return np.clip(resample(subject.photo.pixels, region), 0.0, 1.0)

        def show(block: np.ndarray) -> None:
            if self.mode == "Split line" and source in self._viewer.layers:
                self._before = (source, region, block)
                self._draw()

        self._newest.request(fetch, show)

    def set_split(self, position: float) -> None:
        """Move the line: 0 shows only what came of the photo, 1 only the photo."""
        self.split = min(max(position, 0.0), 1.0)
        self._draw()

    def _draw(self) -> None:
        if self._before is None or self._before[0] not in self._viewer.layers:
            return
        source, region, block = self._before
        width = block.shape[1]
        columns = max(1, round(self.split * width))
        part = block[:, :columns].copy()
        if 0 < self.split < 1:
            part[:, max(0, columns - _LINE) :] = 1.0
        affine = placement(source, region.offset, region.step)
        if self.layer is None or self.layer not in self._viewer.layers:
            self.layer = add_beside(
                self._viewer,
                source,
                part,
                name="Before",
                **SHOW_AS_IS,
                affine=affine,
                metadata={ROLE: "before"},
            )
        else:
            self.layer.data = part
            self.layer.affine = affine
        self.keep_on_top()

    def keep_on_top(self) -> None:
        """Layers were added: the split's stays above them."""
        layers = self._viewer.layers
        if self.layer in layers and layers.index(self.layer) != len(layers) - 1:
            layers.move(layers.index(self.layer), len(layers))

    def show_before(self, on: bool) -> None:
        """Hide every layer but the photo, and bring them back."""
        asked = self._ask()
        if on and asked is not None:
            self._hidden = {layer: layer.visible for layer in self._viewer.layers if layer != asked[0]}
            for layer in self._hidden:
                layer.visible = False
            asked[0].visible = True
        elif not on:
            for layer, visible in self._hidden.items():
                if layer in self._viewer.layers:
                    layer.visible = visible
            self._hidden = {}

    def layer_removed(self, layer: Any) -> bool:
        """Tell that the user removed a layer; true if it was the split's, which is off then."""
        self._hidden.pop(layer, None)
        if self.layer is None or layer != self.layer:
            return False
        self.layer = None
        self._before = None
        self.mode = MODES[0]
        return True

    def close(self) -> None:
        """Leave the viewer alone."""
        if self._drag in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._drag)

    def _drag(self, viewer: Viewer, event: Any) -> Iterator[None]:
        """Dragging the line moves the split, not the picture."""
        if not self._near_line(event.position):
            return
        panned = viewer.camera.mouse_pan
        viewer.camera.mouse_pan = False
        try:
            yield
            while event.type == "mouse_move":
                self.set_split(self._position_at(event.position))
                self._on_split(self.split)
                yield
        finally:
            viewer.camera.mouse_pan = panned

    def _near_line(self, position: tuple[float, ...]) -> bool:
        if self.mode != "Split line" or self._before is None:
            return False
        source, region, _ = self._before
        if source not in self._viewer.layers:
            return False
        pixels = abs(self._position_at(position) - self.split) * region.shape[1] * region.step[1]
        return pixels * self._viewer.camera.zoom * abs(float(source.scale[-1])) <= _GRAB

    def _position_at(self, position: tuple[float, ...]) -> float:
        assert self._before is not None
        source, region, _ = self._before
        x = float(np.asarray(source.world_to_data(position))[-1])
        return (x - region.offset[1]) / (region.shape[1] * region.step[1])
