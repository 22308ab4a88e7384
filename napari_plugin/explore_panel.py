"""The Variations tab: a grid of renderings, variations near one of them, interpolation between two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from napari.utils.notifications import show_info
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from llflow_photo.engine.latent import AnyLatent, Latent, interpolate
from llflow_photo.explore.grid import TEMPERATURE, neighbours, varied_grid
from llflow_photo.explore.region import Region
from llflow_photo.options import Options

from .controls import Slider, WholeNumber, button
from .gallery import Entry, Gallery, describe
from .newest import Newest
from .render_cache import RenderCache, Subject
from .view import QUICK_PIXELS
from .work import Job, Work

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["ExplorePanel", "Host"]

_DEFAULT_COUNT = 9


class Host(Protocol):
    """The interface of the widget that contains the panels."""

    viewer: Viewer
    work: Work
    cache: RenderCache

    def subject(self) -> tuple[Image, Subject] | None:
        """The current photo's layer and subject; if there is none, show a message and return None."""

    def options(self) -> Options:
        """The options as set by the controls."""

    def latent(self) -> AnyLatent:
        """The latent of the current rendering."""

    def region(self, layer: Image, most_pixels: int) -> Region:
        """The visible region of a layer, scaled down to at most the given number of pixels.

        The whole layer if nothing of it is visible.
        """

    def choose(self, latent: AnyLatent) -> None:
        """Make another rendering the current one."""

    def result_saved(self, photo: Path, result: Path) -> None:
        """Mark a photo of which a result was saved."""

    def keep_comparison(self) -> None:
        """Show a comparison as before, after a result was added."""

    def note_step(self, layer: Image, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Add a step that can be undone to the history of a photo."""


class ExplorePanel(QWidget):
    """The Variations tab."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self._drawing = Newest(host.work, "Renderings")
        self._next_seed = 0
        self._temperature = TEMPERATURE
        self._picked: tuple[int, float] | None = None
        self.gallery = Gallery()
        self.gallery.on_pick = self._pick
        self.count = WholeNumber(2, 64, _DEFAULT_COUNT, "Number of renderings")
        self.spread = Slider(
            "Distance", 0.05, 1.0, 0.05, 0.4, "Maximum distance of new renderings from the chosen one"
        )
        self.position = Slider("From A to B", 0.0, 1.0, 0.05, 0.0, "From rendering A (left) to B (right)")
        self.position.enabled = False
        self.position.changed.connect(self._interpolate)
        self.buttons: dict[str, QPushButton] = {}
        self._lay_out()
        self.buttons["stop"].setEnabled(False)
        self._drawing.busy_changed = self.buttons["stop"].setEnabled

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        row = QHBoxLayout()
        tip = "Draw other renderings of the photo to choose from; locked ones are kept"
        row.addWidget(self._button("draw", "Draw variations", tip, self.draw), 1)
        row.addWidget(self.count)
        row.addWidget(self._button("stop", "Stop", "Stop drawing renderings", self._drawing.drop))
        layout.addLayout(row)
        layout.addWidget(self.gallery)
        layout.addLayout(self._ways())
        layout.addStretch()

    def _ways(self) -> QGridLayout:
        """The buttons and sliders that act on the chosen rendering."""
        grid = QGridLayout()
        grid.setColumnStretch(3, 1)
        around = self._button(
            "around", "Draw around it", "Draw renderings near the chosen one", self.draw_around
        )
        lock = self._button("lock", "Lock", "Keep the chosen rendering when drawing again", self.lock)
        first = self._button(
            "first", "Set A", "Use the chosen rendering as start of the interpolation", self.set_first
        )
        second = self._button(
            "second", "Set B", "Use the chosen rendering as end of the interpolation", self.set_second
        )
        for row, (left, right, slider) in enumerate(
            ((lock, around, self.spread), (first, second, self.position))
        ):
            grid.addWidget(left, row, 0)
            grid.addWidget(right, row, 1)
            grid.addWidget(slider.caption, row, 2)
            grid.addWidget(slider, row, 3)
        return grid

    def _button(self, name: str, text: str, tip: str, slot: Any) -> QPushButton:
        self.buttons[name] = button(text, tip, slot)
        return self.buttons[name]

    def _pick(self, entry: Entry) -> None:
        """Show a rendering, and remember that its temperature was not set by the user."""
        self._host.choose(entry.latent)
        if isinstance(entry.latent, Latent):
            options = self._host.options()
            self._picked = options.seed, options.temperature

    def draw(self) -> None:
        """Draw renderings that differ visibly, at the temperature that the user set unless it is 0."""
        options, first = self._host.options(), self._next_seed
        if (options.seed, options.temperature) != self._picked:
            self._temperature = options.temperature or TEMPERATURE
        temperature = self._temperature

        def make(count: int) -> list[AnyLatent]:
            return list(varied_grid(count, first, temperature, options.grain, options.brightness))

        self._draw(make)

    def draw_around(self) -> None:
        """Draw renderings near the current one."""
        chosen, spread = self._host.latent(), float(self.spread.value)
        first = self._next_seed

        def make(count: int) -> list[AnyLatent]:
            return neighbours(chosen, count, first, spread)

        self._draw(make, lambda number: f"near · seed {first + number}")

    def _draw(
        self, make: Callable[[int], list[AnyLatent]], caption: Callable[[int], str] | None = None
    ) -> None:
        asked = self._host.subject()
        if asked is None:
            return
        kept = [entry for entry in self.gallery.entries if entry.locked]
        pictures = {entry: self.gallery.picture(entry) for entry in kept}
        fresh = [
            Entry(latent, caption(number) if caption else describe(latent))
            for number, latent in enumerate(make(max(1, self.count.value - len(kept))))
        ]
        self._next_seed = 1 + max(_seeds(entry.latent) for entry in fresh)
        self.gallery.show_entries([*kept, *fresh], pictures)
        self._offer_interpolation()
        self._render(asked, fresh)

    def _render(self, asked: tuple[Image, Subject], entries: list[Entry]) -> None:
        layer, subject = asked
        region = self._host.region(layer, QUICK_PIXELS)
        self.gallery.set_shape(region.shape)
        options, cache = self._host.options(), self._host.cache

        def render(job: Job) -> None:
            encoded = cache.encoded(subject, region, options, job.cancelled)
            for entry in entries:
                job.show((entry, encoded.render(entry.latent, options, job.cancelled)))

        def show(made: tuple[Entry, np.ndarray] | None) -> None:
            if made is not None:
                self.gallery.set_picture(*made)

        self._drawing.request(render, show)

    def end(self) -> None:
        """Stop drawing, because the panel is closed."""
        self._drawing.close()

    def lock(self) -> None:
        """Lock or unlock the chosen rendering."""
        entry = self.gallery.chosen
        if entry is None:
            show_info("Click a rendering first.")
            return
        entry.locked = not entry.locked
        self.gallery.refresh()

    def set_first(self) -> None:
        """Make the chosen rendering A, the start of the interpolation."""
        self._set_end("first")

    def set_second(self) -> None:
        """Make the chosen rendering B, the end of the interpolation."""
        self._set_end("second")

    def _set_end(self, which: str) -> None:
        if self.gallery.chosen is None:
            show_info("Click a rendering first.")
            return
        setattr(self.gallery, which, self.gallery.chosen)
        self.gallery.refresh()
        self._offer_interpolation()

    def _offer_interpolation(self) -> None:
        """Enable the slider if both ends exist; drawing again removes those that are not locked."""
        self.position.enabled = self.gallery.first is not None and self.gallery.second is not None

    def _interpolate(self, position: float) -> None:
        first, second = self.gallery.first, self.gallery.second
        if first is not None and second is not None:
            self._host.choose(interpolate(first.latent, second.latent, float(position)))


def _seeds(latent: AnyLatent) -> int:
    """The largest seed among a latent's parts."""
    if isinstance(latent, Latent):
        return latent.seed
    return max(_seeds(part) for part, _ in latent.parts)
