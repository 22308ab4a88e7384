"""The widget: choose a photo, move the controls, explore, apply, save."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox, ComboBox, Container, FloatSlider
from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from llflow_photo.engine.latent import AnyLatent, Latent
from llflow_photo.errors import LLFlowPhotoError
from llflow_photo.explore.placed import with_brightness
from llflow_photo.options import Options

from .apply_panel import ApplyPanel
from .artifact_panel import ArtifactPanel
from .batch_panel import BatchPanel
from .compare import MODES, Compare
from .explore_panel import ExplorePanel
from .gallery import describe
from .layers import is_photo_layer, snapshot
from .machine import devices, models
from .preview import ROLE, LivePreview, Rendering
from .settings import SettingsPanel, is_noise, readable
from .studio import Studio, Subject
from .view import show_at_full_resolution
from .work import Work

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

__all__ = ["EnhanceWidget"]

_NO_PHOTO = "Open a photo first: drop a file on the window, or File > Open Sample > LLFlow Photo."


# napari hands plugins proxies of its layers, so layers are compared with ==, never with `is`.


class EnhanceWidget(QWidget):
    """Plugins > LLFlow Photo > Enhance a night photo.

    Args:
        napari_viewer: the viewer it is in; napari gives it.
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        self._ended = False
        super().__init__()
        self.viewer = napari_viewer
        self.work = Work()
        self.studio = Studio()
        self._picked: AnyLatent | None = None
        self._subject: tuple[Image, Subject] | None = None
        self._numbers = 0
        self._watched: Any = None
        self._window: QWidget | None = None
        self.settings = SettingsPanel(models(), devices())
        self.settings.on_change = self._setting_changed
        self.photo = ComboBox(label="Photo", choices=self._photo_choices, nullable=True)
        self.photo.tooltip = "The layer to work on: any picture, RGB or gray"
        self.live = CheckBox(text="Live preview", value=True, tooltip="Render what is on screen as you go")
        self.preview = LivePreview(napari_viewer, self.work, self.studio, self._ask_preview)
        self.compare = Compare(napari_viewer, self.work, self._ask_photo, self._split_dragged)
        self.compare_mode = ComboBox(label="Compare", choices=MODES, value=MODES[0])
        self.compare_mode.tooltip = "Before and after: a line to drag, or layers side by side, under one zoom"
        self.split = FloatSlider(label="Split", min=0.0, max=1.0, step=0.005, value=0.5)
        readable(self.split)
        self.split.tooltip = "Where the line between before (left) and after (right) is"
        self.explore = ExplorePanel(self)
        self.artifacts = ArtifactPanel(self)
        self.batch = BatchPanel(self)
        self.apply = ApplyPanel(self)
        self.shown = QLabel("")
        self.shown.hide()
        self._lay_out()
        self._connect()
        self._layers_changed()

    # -- what panels ask ---------------------------------------------------------------------------------

    def subject(self) -> tuple[Image, Subject] | None:
        """The layer to work on and its photo; None, after telling the user, where there is none."""
        found = self._ask_photo()
        if found is None:
            show_info(_NO_PHOTO)
        return found

    def options(self) -> Options:
        """What the controls say."""
        return self.settings.options()

    def latent(self) -> AnyLatent:
        """The rendering that is shown: one that was picked, or what the noise controls say."""
        options = self.options()
        if self._picked is not None:
            return with_brightness(self._picked, options.brightness)
        return Latent(options.seed, options.temperature, options.coherence, options.brightness)

    def choose(self, latent: AnyLatent) -> None:
        """Show another rendering; the noise controls follow it where they can."""
        if isinstance(latent, Latent):
            self._picked = None
            self.settings.show_noise(latent.seed, latent.temperature, latent.coherence)
        else:
            self._picked = latent
        self._tell_picked()
        if not self.preview.enabled and self._ask_photo() is not None:
            self.live.value = True
        self.preview.request()

    # -- building ----------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.zoom_button = QPushButton("100 %")
        self.zoom_button.setToolTip("Zoom to the photo's own pixels; the preview then shows a full-size crop")
        self.before_button = QPushButton("Show before")
        self.before_button.setToolTip("Look at the photo as it was")
        self.before_button.setCheckable(True)
        top = Container(widgets=[self.photo], labels=True)
        looking = QHBoxLayout()
        for widget in (self.live.native, self.zoom_button, self.before_button):
            looking.addWidget(widget)
        comparing = Container(widgets=[self.compare_mode, self.split], labels=True)
        tabs = QTabWidget()
        for name, panel in (("Explore", self.explore), ("Artifacts", self.artifacts), ("Batch", self.batch)):
            tabs.addTab(panel, name)
        self.tabs = tabs
        self.shown.setWordWrap(True)
        inner = QWidget()
        column = QVBoxLayout(inner)
        for part in (top.native, self.settings.native):
            column.addWidget(part)
        column.addWidget(self.shown)
        column.addLayout(looking)
        column.addWidget(comparing.native)
        column.addWidget(self.apply)
        column.addWidget(tabs)
        column.addStretch()
        for container in (top, comparing, self.settings):
            container.margins = (0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self._scroll = scroll
        self._make_room()
        self._containers = (top, comparing)

    def _make_room(self) -> None:
        """As wide as the controls need beside the scroll bar."""
        inner, bar = self._scroll.widget(), self._scroll.verticalScrollBar()
        self.setMinimumWidth(max(390, inner.minimumSizeHint().width() + bar.sizeHint().width() + 4))

    def _connect(self) -> None:
        layers, camera = self.viewer.layers.events, self.viewer.camera.events
        self._connections = [
            (layers.inserted, self._layers_changed),
            (layers.removed, self._layer_removed),
            (camera.zoom, self._view_moved),
            (camera.center, self._view_moved),
            (self.viewer.dims.events.current_step, self._photo_changed),
        ]
        for emitter, slot in self._connections:
            emitter.connect(slot)
        self.photo.changed.connect(self._photo_changed)
        self.live.changed.connect(self.preview.switch)
        self.preview.on_removed = lambda: setattr(self.live, "value", False)
        self.preview.on_shown = self._preview_shown
        self.preview.newest.busy_changed = self._busy
        self.compare_mode.changed.connect(self.compare.set_mode)
        self.split.changed.connect(self.compare.set_split)
        self.zoom_button.clicked.connect(lambda _checked=False: self._full_resolution())
        self.before_button.toggled.connect(self.compare.show_before)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.work.close)
        self.destroyed.connect(self.work.close)
        QTimer.singleShot(0, self._watch_dock)  # napari docks the widget once it is made

    # -- the photo ---------------------------------------------------------------------------------------

    def _photo_choices(self, _widget: Any = None) -> list[tuple[str, Any]]:
        return [
            (layer.name, layer)
            for layer in self.viewer.layers
            if is_photo_layer(layer) and ROLE not in layer.metadata
        ]

    def _layers_changed(self, event: Any = None) -> None:
        new = getattr(event, "value", None)
        self.photo.reset_choices()
        self.artifacts.reset_choices()
        choices = [layer for _, layer in self._photo_choices()]
        if new in choices and "settings" not in new.metadata:
            self.photo.value = new
        elif self.photo.value is None and choices:
            self.photo.value = choices[-1]

    def _layer_removed(self, event: Any) -> None:
        layer = getattr(event, "value", None)
        self.preview.layer_removed(layer)
        if self.compare.layer_removed(layer):
            self.compare_mode.value = MODES[0]
        self._layers_changed()
        if self._subject is not None and self._subject[0] == layer:
            self._photo_changed()

    def _photo_changed(self, _event: Any = None) -> None:
        """Other pixels: another subject, everything that was encoded is of no use."""
        layer = self.photo.value
        if self._watched is not None and self._watched != layer:
            self._watched.events.data.disconnect(self._photo_changed)
            self._watched = None
        if layer is not None and self._watched is None:
            layer.events.data.connect(self._photo_changed)
            self._watched = layer
        if self._subject is None or self._subject[0] != layer:
            self._picked = None
            self._tell_picked()
        self._subject = None
        self._numbers += 1
        if layer is None or layer not in self.viewer.layers:
            self.preview.newest.drop()
            self.preview.clear()
            return
        try:
            self._subject = layer, Subject(snapshot(layer, self.viewer.dims.current_step), self._numbers)
        except LLFlowPhotoError as error:
            show_error(str(error))
            return
        self.preview.switch(bool(self.live.value))
        self.compare.refresh()

    def _ask_photo(self) -> tuple[Image, Subject] | None:
        if self._subject is None or self._subject[0] not in self.viewer.layers:
            return None
        return self._subject

    def _ask_preview(self) -> tuple[Image, Subject, Options, AnyLatent] | None:
        found = self._ask_photo()
        return None if found is None else (*found, self.options(), self.latent())

    # -- what the user does ------------------------------------------------------------------------------

    def _setting_changed(self, name: str) -> None:
        if is_noise(name):
            self._picked = None
            self._tell_picked()
        self.preview.request()

    def _view_moved(self, _event: Any = None) -> None:
        self.preview.request(moved=True)
        self.compare.refresh()

    def _split_dragged(self, position: float) -> None:
        self.split.value = position

    def _full_resolution(self) -> None:
        found = self.subject()
        if found is not None:
            show_at_full_resolution(self.viewer, found[0])

    def _preview_shown(self, _rendering: Rendering) -> None:
        self.compare.keep_on_top()

    def _busy(self, busy: bool) -> None:
        self.live.text = "Live preview …" if busy else "Live preview"

    def _tell_picked(self) -> None:
        picked = self._picked
        self.shown.setText("" if picked is None else f"Showing {describe(picked)}")
        self.shown.setVisible(picked is not None)

    # -- coming and going --------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Watch the window this widget is in, to stop all work before it closes."""
        super().showEvent(event)
        self._make_room()  # napari's style, which is known by now, has wider fonts
        window = self.window()
        if window is not self._window:
            if self._window is not None:
                self._window.removeEventFilter(self)
            self._window = window
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Stop previews before the window closes, so that napari does not ask about them."""
        if event.type() == QEvent.Type.Close:
            self.preview.newest.drop()
        return super().eventFilter(watched, event)

    def _watch_dock(self) -> None:
        """Closing the dock takes the widget out of the window without closing it: that ends its work, too."""
        dock = self.parentWidget()
        if dock is not None and not self._ended:
            dock.destroyed.connect(lambda *_: self._dock_gone())

    def _dock_gone(self) -> None:
        if self._ended:
            return
        self.work.close()
        try:
            self.preview.clear()
            self.compare.set_mode(MODES[0])
            self.shut_down()
        except RuntimeError:  # as Python ends, Qt deletes what is left in no order: timers before docks, too
            self._ended = True

    def closeEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """End all work."""
        self.shut_down()
        super().closeEvent(event)

    def shut_down(self) -> None:
        """Cancel everything that runs and let go of the viewer."""
        if self._ended:
            return
        self._ended = True
        self.preview.newest.busy_changed = lambda _busy: None
        self.preview.newest.drop()
        self.work.close()
        self.compare.close()
        self.studio.forget()
        for emitter, slot in self._connections:
            emitter.disconnect(slot)
