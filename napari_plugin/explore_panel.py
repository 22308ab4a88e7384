"""Exploring: a grid of renderings, the way between two of them, their mean, where they disagree."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from napari.utils.notifications import show_info
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from llflow_photo.engine.latent import AnyLatent, Latent, interpolate
from llflow_photo.explore.grid import TEMPERATURE, default_grid, neighbours
from llflow_photo.explore.region import Region
from llflow_photo.explore.statistics import Spread
from llflow_photo.options import Options

from .controls import Slider, WholeNumber, button
from .gallery import Entry, Gallery, describe
from .layers import SHOW_AS_IS, placement
from .newest import Newest
from .photo_choice import ROLE, made_from
from .showing import add_on_top
from .studio import Studio, Subject
from .view import QUICK_PIXELS
from .work import Job, Work

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["ExplorePanel", "Host"]

_DEFAULT_COUNT = 9
_GATHERED_PIXELS = 1_000_000
"""Of a mean or a disagreement of what is on screen."""


class Host(Protocol):
    """What the panels ask of the widget they are in."""

    viewer: Viewer
    work: Work
    studio: Studio

    def subject(self) -> tuple[Image, Subject] | None:
        """The layer to work on; None, after telling the user, where there is none."""

    def options(self) -> Options:
        """What the controls say."""

    def latent(self) -> AnyLatent:
        """The rendering that is shown."""

    def region(self, layer: Image, most_pixels: int) -> Region:
        """What of a layer is on screen, scaled down to so many pixels; all of it where nothing is."""

    def choose(self, latent: AnyLatent) -> None:
        """Show another rendering."""

    def note_step(self, layer: Image, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Something was done to a photo that can be undone."""


class ExplorePanel(QWidget):
    """The Explore tab."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self._drawing = Newest(host.work, "Renderings")
        self._next_seed = 0
        self.gallery = Gallery()
        self.gallery.on_pick = lambda entry: host.choose(entry.latent)
        self.count = WholeNumber(2, 64, _DEFAULT_COUNT, "Number of renderings")
        self.spread = Slider(
            "Distance", 0.05, 1.0, 0.05, 0.4, "How far new renderings may stray from the chosen one"
        )
        self.position = Slider("From A to B", 0.0, 1.0, 0.05, 0.0, "From rendering A (left) to B (right)")
        self.position.enabled = False
        self.position.changed.connect(self._interpolate)
        self.buttons: dict[str, QPushButton] = {}
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        row = QHBoxLayout()
        row.addWidget(self._button("draw", "Draw", "Draw new renderings; locked ones stay", self.draw), 1)
        row.addWidget(self.count)
        row.addWidget(self._button("stop", "Stop", "Stop drawing renderings", self._drawing.drop))
        layout.addLayout(row)
        layout.addWidget(self.gallery)
        layout.addLayout(self._ways())
        layout.addStretch()

    def _ways(self) -> QGridLayout:
        """What can be done with the renderings in the grid."""
        grid = QGridLayout()
        grid.setColumnStretch(3, 1)
        around = self._button(
            "around", "Draw around it", "New renderings near the chosen one", self.draw_around
        )
        lock = self._button("lock", "Lock", "Keep the chosen rendering when drawing", self.lock)
        first = self._button("first", "Set A", "Interpolate from the chosen rendering", self.set_first)
        second = self._button("second", "Set B", "Interpolate to the chosen rendering", self.set_second)
        mean = self._button("mean", "Mean", "Average of the renderings in the grid", self.show_mean)
        tip = "How far the renderings in the grid lie apart: what the model varies, not where it is wrong"
        disagreement = self._button("disagreement", "Disagreement", tip, self.show_disagreement)
        for row, (left, right, slider) in enumerate(
            ((lock, around, self.spread), (first, second, self.position))
        ):
            grid.addWidget(left, row, 0)
            grid.addWidget(right, row, 1)
            grid.addWidget(slider.caption, row, 2)
            grid.addWidget(slider, row, 3)
        grid.addWidget(mean, 2, 0)
        grid.addWidget(disagreement, 2, 1)
        self.status = QLabel(" ")
        self.status.setWordWrap(True)
        grid.addWidget(self.status, 2, 2, 1, 2)
        return grid

    def _button(self, name: str, text: str, tip: str, slot: Any) -> QPushButton:
        self.buttons[name] = button(text, tip, slot)
        return self.buttons[name]

    def draw(self) -> None:
        """New renderings that differ visibly; where the controls ask for no noise, by the default grid's."""
        options = self._host.options()
        temperature, grain = options.temperature, options.grain
        if temperature == 0:
            temperature = TEMPERATURE
        self._draw(
            lambda count: list(default_grid(count, self._next_seed, temperature, grain, options.brightness))
        )

    def draw_around(self) -> None:
        """New renderings near the one that is shown."""
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
        self._render(asked, fresh)

    def _render(self, asked: tuple[Image, Subject], entries: list[Entry]) -> None:
        layer, subject = asked
        region = self._host.region(layer, QUICK_PIXELS)
        options, studio = self._host.options(), self._host.studio

        def render(job: Job) -> None:
            encoded = studio.encoded(subject, region, options, job.cancelled)
            for entry in entries:
                job.show((entry, encoded.render(entry.latent, options, job.cancelled)))

        def show(made: tuple[Entry, np.ndarray] | None) -> None:
            if made is not None:
                self.gallery.set_picture(*made)

        self._drawing.request(render, show)

    def lock(self) -> None:
        """Lock the chosen rendering, or unlock it."""
        entry = self.gallery.chosen
        if entry is None:
            show_info("Click a rendering first.")
            return
        entry.locked = not entry.locked
        self.gallery.refresh()

    def set_first(self) -> None:
        """The chosen rendering becomes A."""
        self._set_end("first")

    def set_second(self) -> None:
        """The chosen rendering becomes B."""
        self._set_end("second")

    def _set_end(self, which: str) -> None:
        if self.gallery.chosen is None:
            show_info("Click a rendering first.")
            return
        setattr(self.gallery, which, self.gallery.chosen)
        self.gallery.refresh()
        self.position.enabled = self.gallery.first is not None and self.gallery.second is not None

    def _interpolate(self, position: float) -> None:
        first, second = self.gallery.first, self.gallery.second
        if first is not None and second is not None:
            self._host.choose(interpolate(first.latent, second.latent, float(position)))

    def show_mean(self) -> None:
        """A layer with the average of the grid's renderings, of the visible region."""
        self._gather("mean", "Mean of renderings", self._add_mean)

    def show_disagreement(self) -> None:
        """A layer with the spread of the grid's renderings, of the visible region."""
        self._gather("disagreement", "Disagreement of renderings", self._add_disagreement)

    def _gather(self, name: str, title: str, add: Any) -> None:
        asked, button = self._host.subject(), self.buttons[name]
        if asked is None or not button.isEnabled():
            return
        if len(self.gallery.entries) < 2:
            show_info("Draw some renderings first.")
            return
        layer, subject = asked
        region = self._host.region(layer, _GATHERED_PIXELS)
        options, studio = self._host.options(), self._host.studio
        latents = [entry.latent for entry in self.gallery.entries]

        def gather(job: Job) -> Spread:
            encoded = studio.encoded(subject, region, options, job.cancelled)
            spread = Spread()
            for number, latent in enumerate(latents):
                spread.add(encoded.render(latent, options, job.cancelled))
                job.progress(number + 1, len(latents))
            return spread

        def done(spread: Spread) -> None:
            if layer in self._host.viewer.layers:
                affine = placement(layer, region.offset, region.step)
                more = {"renderings": len(latents), **made_from(layer)}
                add(spread, {"affine": affine, "metadata": {ROLE: title, **more}})

        button.setEnabled(False)  # one at a time
        self._host.work.start(title, gather, done, ended=lambda: button.setEnabled(True), bar=True)

    def _add_mean(self, spread: Any, arguments: dict[str, Any]) -> None:
        add_on_top(self._host.viewer, spread.mean, name=f"Mean of {spread.count}", **SHOW_AS_IS, **arguments)

    def _add_disagreement(self, spread: Any, arguments: dict[str, Any]) -> None:
        image = spread.disagreement
        top = max(float(np.percentile(image, 99.5)), 1e-3)
        add_on_top(
            self._host.viewer, image, name=f"Disagreement of {spread.count}", colormap="inferno",
            contrast_limits=(0.0, top), **arguments,
        )  # fmt: skip
        self.status.setText(f"Disagreement: median {np.median(image):.3f}, largest {image.max():.3f} of 1")


def _seeds(latent: AnyLatent) -> int:
    """The largest seed of a latent's parts."""
    if isinstance(latent, Latent):
        return latent.seed
    return max(_seeds(part) for part, _ in latent.parts)
