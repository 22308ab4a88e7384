"""Exploring: a grid of renderings, the way between two of them, their mean, where they disagree."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from magicgui.widgets import FloatSlider, SpinBox
from napari.utils.notifications import show_info
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from llflow_photo.engine.latent import AnyLatent, Latent, interpolate
from llflow_photo.explore.grid import COHERENCE, TEMPERATURE, default_grid, neighbours
from llflow_photo.explore.statistics import Spread
from llflow_photo.options import Options

from .gallery import Entry, Gallery, describe
from .layers import SHOW_AS_IS, placement
from .preview import ROLE, add_beside
from .settings import readable
from .studio import Studio, Subject
from .view import PREVIEW_PIXELS, QUICK_PIXELS, region_on_screen
from .work import Job, Newest, Work

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["ExplorePanel", "Host"]

_DEFAULT_COUNT = 9


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

    def choose(self, latent: AnyLatent) -> None:
        """Show another rendering."""


class ExplorePanel(QWidget):
    """The Explore tab."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self._drawing = Newest(host.work, "Renderings")
        self._next_seed = 0
        self.gallery = Gallery()
        self.gallery.on_pick = lambda entry: host.choose(entry.latent)
        self.count = SpinBox(min=2, max=64, value=_DEFAULT_COUNT, tooltip="Number of renderings")
        self.spread = FloatSlider(
            min=0.05, max=1.0, value=0.4, tooltip="How far new renderings may stray from the chosen one"
        )
        self.position = FloatSlider(
            min=0.0, max=1.0, step=0.01, value=0.0, tooltip="From rendering A (left) to B (right)"
        )
        for slider in (self.spread, self.position):
            readable(slider)
        self.position.enabled = False
        self.position.changed.connect(self._interpolate)
        self.buttons: dict[str, QPushButton] = {}
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        row = QHBoxLayout()
        row.addWidget(self._button("draw", "Draw", "Draw new renderings; locked ones stay", self.draw))
        row.addWidget(self.count.native)
        row.addWidget(self._button("stop", "Stop", "Stop drawing renderings", self._drawing.drop))
        layout.addLayout(row)
        layout.addWidget(self.gallery)
        grid = QGridLayout()
        grid.addWidget(
            self._button("lock", "Lock", "Keep the chosen rendering when drawing", self.lock), 0, 0
        )
        grid.addWidget(
            self._button("around", "Draw around it", "New renderings near the chosen one", self.draw_around),
            0,
            1,
        )
        grid.addWidget(self.spread.native, 0, 2)
        grid.addWidget(
            self._button("first", "Set A", "Interpolate from the chosen rendering", self.set_first), 1, 0
        )
        grid.addWidget(
            self._button("second", "Set B", "Interpolate to the chosen rendering", self.set_second), 1, 1
        )
        grid.addWidget(self.position.native, 1, 2)
        grid.addWidget(
            self._button("mean", "Mean", "Average of the renderings in the grid", self.show_mean), 2, 0
        )
        grid.addWidget(
            self._button(
                "disagreement",
                "Disagreement",
                "Where the renderings in the grid disagree: the model is undecided there, not always wrong",
                self.show_disagreement,
            ),
            2,
            1,
        )
        self.status = QLabel("")
        self.status.setWordWrap(True)
        grid.addWidget(self.status, 2, 2)
        layout.addLayout(grid)

    def _button(self, name: str, text: str, tip: str, slot: Any) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda _checked=False: slot())
        self.buttons[name] = button
        return button

    def draw(self) -> None:
        """New renderings that differ visibly; where the controls ask for no noise, by the default grid's."""
        options = self._host.options()
        temperature, coherence = options.temperature, options.coherence
        if temperature == 0:
            temperature, coherence = TEMPERATURE, COHERENCE
        self._draw(
            lambda count: list(
                default_grid(count, self._next_seed, temperature, coherence, options.brightness)
            )
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
        region = region_on_screen(self._host.viewer, layer, QUICK_PIXELS)
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
        region = region_on_screen(self._host.viewer, layer, PREVIEW_PIXELS)
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
                add(layer, spread, {"affine": affine, "metadata": {ROLE: title, "renderings": len(latents)}})

        button.setEnabled(False)  # one at a time
        self._host.work.start(title, gather, done, ended=lambda: button.setEnabled(True), bar=True)

    def _add_mean(self, layer: Image, spread: Any, arguments: dict[str, Any]) -> None:
        add_beside(
            self._host.viewer, layer, spread.mean, name=f"Mean of {spread.count}", **SHOW_AS_IS, **arguments
        )

    def _add_disagreement(self, layer: Image, spread: Any, arguments: dict[str, Any]) -> None:
        image = spread.disagreement
        top = max(float(np.percentile(image, 99.5)), 1e-3)
        add_beside(
            self._host.viewer, layer, image, name=f"Disagreement of {spread.count}", colormap="inferno",
            contrast_limits=(0.0, top), **arguments,
        )  # fmt: skip
        self.status.setText(f"Disagreement: median {np.median(image):.3f}, largest {image.max():.3f} of 1")


def _seeds(latent: AnyLatent) -> int:
    """The largest seed of a latent's parts."""
    if isinstance(latent, Latent):
        return latent.seed
    return max(_seeds(part) for part, _ in latent.parts)
