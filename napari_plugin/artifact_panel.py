"""Where the model objects to a picture: its gradient activation map as a heat map layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from magicgui.widgets import ComboBox
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from llflow_photo.explore.region import resample

from .explore_panel import Host
from .layers import is_photo_layer, placement, snapshot
from .preview import ROLE, add_beside
from .view import PREVIEW_PIXELS, layer_shape, region_on_screen
from .work import Job

if TYPE_CHECKING:
    from napari.layers import Image

__all__ = ["ArtifactPanel"]

_CURRENT = "Current rendering"


class ArtifactPanel(QWidget):
    """The Artifacts tab."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self.target = ComboBox(choices=self._choices, tooltip="The picture to judge against the photo")
        self.button = QPushButton("Map artifacts")
        self.button.setToolTip(
            "Marks where the model finds the picture unlikely, given the photo: noise, patches, blur"
        )
        self.button.clicked.connect(lambda _checked=False: self.compute())
        self.status = QLabel("")
        self.status.setWordWrap(True)
        layout = QVBoxLayout(self)
        about = QLabel("Where does the model object to a picture? Bright is where it finds it unlikely.")
        about.setWordWrap(True)
        for widget in (about, self.target.native, self.button, self.status):
            layout.addWidget(widget)
        layout.addStretch()

    def _choices(self, _widget: Any = None) -> list[str]:
        names = [layer.name for layer in self._host.viewer.layers if is_photo_layer(layer)]
        return [_CURRENT, *names]

    def reset_choices(self) -> None:
        """The viewer's layers changed."""
        self.target.reset_choices()

    def compute(self) -> None:
        """Add the map of the chosen picture, for the visible region."""
        from llflow_photo.engine.artifacts import activation_map

        asked = self._host.subject()
        if asked is None:
            return
        layer, subject = asked
        region = region_on_screen(self._host.viewer, layer, PREVIEW_PIXELS)
        options, latent, studio = self._host.options(), self._host.latent(), self._host.studio
        name = str(self.target.value)
        picture = None if name == _CURRENT else self._picture(layer, name)
        if name != _CURRENT and picture is None:
            return

        def work(job: Job) -> np.ndarray:
            encoded = studio.encoded(subject, region, options, job.cancelled)
            if picture is None:
                judged = encoded.decode(latent, job.cancelled)
            else:
                judged = np.clip(resample(picture.photo.pixels, region), 0.0, 1.0)
            return activation_map(encoded.scene, judged)

        def done(heat: np.ndarray) -> None:
            if layer in self._host.viewer.layers:
                self._add(layer, heat, name, placement(layer, region.offset, region.step))

        self._host.work.start("Artifact map", work, done, bar=True)

    def _picture(self, layer: Image, name: str) -> Any:
        if name not in self._host.viewer.layers:
            self.status.setText(f"Layer {name!r} is gone; choose another.")
            return None
        other: Any = self._host.viewer.layers[name]
        if layer_shape(other) != layer_shape(layer):
            self.status.setText(
                f"Layer {name!r} is {layer_shape(other)}, the photo {layer_shape(layer)}: sizes must agree."
            )
            return None
        return snapshot(other, self._host.viewer.dims.current_step)

    def _add(self, layer: Image, heat: np.ndarray, name: str, affine: np.ndarray) -> None:
        top = max(float(np.percentile(heat, 99.8)), 1e-6)
        add_beside(
            self._host.viewer, layer, heat, name=f"Artifacts: {name}", colormap="inferno", opacity=0.7,
            blending="additive", contrast_limits=(0.0, top), affine=affine, metadata={ROLE: "artifacts"},
        )  # fmt: skip
        ratio = top / max(float(np.median(heat)), 1e-9)
        self.status.setText(f"The strongest objections are {ratio:.0f} times the middle of the frame.")
