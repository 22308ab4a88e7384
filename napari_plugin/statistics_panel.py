"""The mean of the grid's renderings, and their disagreement, as layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.utils.notifications import show_info
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from llflow_photo.explore.statistics import Spread

from .controls import button
from .display_layers import add_on_top
from .explore_panel import Host
from .gallery import Gallery
from .layers import SHOW_AS_IS, placement
from .photo_choice import ROLE, made_from
from .work import Job

__all__ = ["StatisticsPanel"]

_PIXELS = 1_000_000
"""Upper limit of the pixels of these layers."""


class StatisticsPanel(QWidget):
    """Part of the Research tab: the buttons Mean and Disagreement.

    Args:
        gallery: the grid of renderings.
    """

    def __init__(self, host: Host, gallery: Gallery) -> None:
        super().__init__()
        self._host, self._gallery = host, gallery
        tip = "Standard deviation of the renderings in the grid: what the model varies, not where it is wrong"
        self.buttons: dict[str, QPushButton] = {
            "mean": button("Mean", "Average of the renderings in the grid", self.show_mean),
            "disagreement": button("Disagreement", tip, self.show_disagreement),
        }
        self.status = QLabel(" ")
        self.status.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        for made in self.buttons.values():
            row.addWidget(made)
        layout.addLayout(row)
        layout.addWidget(self.status)

    def show_mean(self) -> None:
        """Add a layer with the mean of the grid's renderings, for the visible region."""
        self._compute("mean", "Mean of renderings", self._add_mean)

    def show_disagreement(self) -> None:
        """Add a layer with the disagreement of the grid's renderings, for the visible region."""
        self._compute("disagreement", "Disagreement of renderings", self._add_disagreement)

    def _compute(self, name: str, title: str, add: Any) -> None:
        asked, button = self._host.subject(), self.buttons[name]
        if asked is None or not button.isEnabled():
            return
        if len(self._gallery.entries) < 2:
            show_info("Draw some variations first.")
            return
        layer, subject = asked
        region = self._host.region(layer, _PIXELS)
        options, cache = self._host.options(), self._host.cache
        latents = [entry.latent for entry in self._gallery.entries]

        def compute(job: Job) -> Spread:
            encoded = cache.encoded(subject, region, options, job.cancelled)
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
        self._host.work.start(title, compute, done, ended=lambda: button.setEnabled(True), bar=True)

    def _add_mean(self, spread: Any, arguments: dict[str, Any]) -> None:
        add_on_top(self._host.viewer, spread.mean, name=f"Mean of {spread.count}", **SHOW_AS_IS, **arguments)

    def _add_disagreement(self, spread: Any, arguments: dict[str, Any]) -> None:
        image = spread.disagreement
        top = max(float(np.percentile(image, 99.5)), 1e-3)
        add_on_top(
            self._host.viewer, image, name=f"Disagreement of {spread.count}", colormap="inferno",
            contrast_limits=(0.0, top), **arguments,
        )  # fmt: skip
        self.status.setText(f"Disagreement: median {np.median(image):.3f}, maximum {image.max():.3f} of 1")
