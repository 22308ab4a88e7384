"""Artifact map: shows where a picture is unlikely under the model, as a heat map layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from llflow_photo.explore.region import resample

from .controls import Choice, button
from .display_layers import add_on_top
from .explore_panel import Host
from .layers import is_photo_layer, placement, snapshot
from .photo_choice import ROLE, made_from
from .view import layer_shape
from .work import Job

if TYPE_CHECKING:
    from napari.layers import Image

__all__ = ["ArtifactPanel"]

_CURRENT = "Current rendering"
_MAP_PIXELS = 1_000_000
"""Upper limit of the map's pixels."""
_THRESHOLD = 10.0
"""Threshold, as a multiple of the usual value within the frame. Noise alone reaches about 8."""


class ArtifactPanel(QWidget):
    """The Artifacts tab."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self.target = Choice((_CURRENT,), "The picture to compare with the photo")
        self._offered: list[Any] = [None]
        self.reset_choices()
        self.button = button(
            "Map artifacts",
            "Shows where a rendering, or an edit of it, is unlikely: noise, patches, color casts",
            self.compute,
        )
        self.cancel_button = button("Cancel", "Stop computing the map", self.cancel)
        self.cancel_button.setEnabled(False)
        self._job: Job | None = None
        self.status = QLabel(" ")
        self.status.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        about = QLabel("Shows where a picture is unlikely according to the model. Bright areas are unlikely.")
        about.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.button, 1)
        row.addWidget(self.cancel_button)
        layout.addWidget(about)
        layout.addWidget(self.target)
        layout.addLayout(row)
        layout.addWidget(self.status)
        layout.addStretch()

    def reset_choices(self) -> None:
        """Update the list of pictures after a change of the viewer's layers; a renamed one stays chosen."""
        chosen = self._offered[self.target.currentIndex()]
        layers = [layer for layer in self._host.viewer.layers if is_photo_layer(layer)]
        self._offered = [None, *layers]
        self.target.choices = [_CURRENT, *(layer.name for layer in layers)]
        if chosen is not None and chosen in layers:
            self.target.setCurrentIndex(self._offered.index(chosen))

    def compute(self) -> None:
        """Add the artifact map of the chosen picture, for the visible region."""
        from llflow_photo.engine.artifacts import activation_map

        asked = self._host.subject()
        if asked is None or self._job is not None:
            return
        layer, subject = asked
        region = self._host.region(layer, _MAP_PIXELS)
        options, latent, cache = self._host.options(), self._host.latent(), self._host.cache
        name = str(self.target.value)
        picture = None if name == _CURRENT else self._picture(layer, name)
        if name != _CURRENT and picture is None:
            return

        def work(job: Job) -> np.ndarray:
            encoded = cache.encoded(subject, region, options, job.cancelled)
            if picture is None:
                judged = encoded.decode(latent, job.cancelled)
            else:
                judged = np.clip(resample(picture.photo.pixels, region), 0.0, 1.0)
            return activation_map(encoded.photo, judged, progress=job.progress, cancel=job.cancelled)

        def done(heat: np.ndarray) -> None:
            if layer in self._host.viewer.layers:
                self._add(layer, heat, name, placement(layer, region.offset, region.step))

        self.button.setEnabled(False)
        self.cancel_button.setEnabled(True)
        self.status.setText("Computing the map…")
        job = self._host.work.start(
            "Artifact map", work, done, ended=lambda: self._ended(job), progressed=self._progressed
        )
        self._job = job

    def cancel(self) -> None:
        """Stop; another map can be computed immediately."""
        if self._job is not None:
            self._job.cancel()
            self.status.setText("Cancelled.")
            self._ended(self._job)

    def _progressed(self, done: int, total: int) -> None:
        self.status.setText(f"Computing the map: {done} of {total} parts")

    def _ended(self, job: Job) -> None:
        if job is not self._job:
            return
        self._job = None
        self.button.setEnabled(True)
        self.cancel_button.setEnabled(False)
        if self.status.text().startswith("Computing"):  # it failed, or the photo was removed
            self.status.setText(" ")

    def _picture(self, layer: Image, name: str) -> Any:
        if name not in self._host.viewer.layers:
            self.status.setText(f"Layer {name!r} was removed; choose another.")
            return None
        other: Any = self._host.viewer.layers[name]
        if layer_shape(other) != layer_shape(layer):
            self.status.setText(
                f"Layer {name!r} is {layer_shape(other)}, the photo {layer_shape(layer)}: sizes must agree."
            )
            return None
        return snapshot(other, self._host.viewer.dims.current_step)

    def _add(self, layer: Image, heat: np.ndarray, name: str, affine: np.ndarray) -> None:
        top = max(float(np.percentile(heat, 99.8)), _THRESHOLD)
        add_on_top(
            self._host.viewer, heat, name=f"Artifacts: {name}", colormap="inferno", opacity=0.7,
            blending="additive", contrast_limits=(0.0, top), affine=affine,
            metadata={ROLE: "artifacts", **made_from(layer)},
        )  # fmt: skip
        share = float((heat > _THRESHOLD).mean())
        if share < 0.0005:
            self.status.setText("No artifacts found.")
        else:
            self.status.setText(
                f"{share:.1%} of the frame exceeds the threshold; maximum {heat.max():.0f} times usual."
            )
