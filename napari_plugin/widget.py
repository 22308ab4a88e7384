"""The widget: choose a photo, move the controls, explore, apply, save."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QScrollArea, QTabWidget, QWidget

from llflow_photo.engine.latent import AnyLatent
from llflow_photo.errors import LLFlowPhotoError
from llflow_photo.explore.region import Region
from llflow_photo.options import Options

from .apply_panel import ApplyPanel
from .artifact_panel import ArtifactPanel
from .batch_panel import BatchPanel
from .canvas import CanvasWatch
from .closing import Closing
from .compare import OFF, SIDE_BY_SIDE, Compare
from .explore_panel import ExplorePanel
from .film import Film
from .gallery import describe
from .gather_panel import GatherPanel
from .histogram_panel import HistogramPanel
from .keys import Keys
from .layout import lay_out, make_room
from .look_panel import ComparePanel, LookPanel
from .looking import Looking
from .machine import devices, models
from .photo_choice import PhotoChoice, why_none
from .photos import Photos
from .presets import PresetRow
from .preview import LivePreview, Rendering
from .settings import Settings
from .side_by_side import SideBySide
from .stored_settings import StoredSettings, config_folder
from .studio import Studio, Subject
from .view import whole_region
from .wanted import Wanted
from .warm_up import load_soon
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

    Attributes:
        scroll_area: the area that scrolls all parts of the panel.
        tabs: the tabs below the controls.
    """

    scroll_area: QScrollArea
    tabs: QTabWidget

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.work = Work()
        self.studio = Studio()
        self.photos = Photos(napari_viewer, self._photo_edited)
        self.settings = Settings(models(), devices())
        kept = config_folder()
        self.film = Film(self, StoredSettings(kept / "photos.json"))
        self.wanted = Wanted(self.settings, self.film.own_settings)
        self.presets = PresetRow(StoredSettings(kept / "presets.json"), self.options, self.wanted.use)
        self.steps = self.wanted.steps
        self._make_parts()
        lay_out(self)
        self._connect()
        self._closing = Closing(self, self.shut_down)
        self._warm = False
        self._layers_changed()

    def _make_parts(self) -> None:
        self.looking = Looking(self.viewer, lambda: _layer(self.subject()), lambda: _layer(self._ask_photo()))
        self.fit, self.full_resolution = self.looking.fit, self.looking.full_resolution
        actions: dict[str, Callable[[], Any]] = {
            "fit": self.fit, "full": self.full_resolution, "undo": self.steps.undo, "redo": self.steps.redo,
        }  # fmt: skip
        self.keys = Keys(self.viewer, actions, self._show_before)
        self.canvas = self.looking.canvas = CanvasWatch(self.viewer, self._view_rested, self.keys)
        self.photo = PhotoChoice(self.viewer)
        self.look = LookPanel(actions, self._show_before)
        self.steps.on_told = self.look.show_history
        self.live = self.look.live
        self.histogram = HistogramPanel()
        region = self.looking.region
        self.preview = LivePreview(self.viewer, self.work, self.studio, self._ask_preview, region)
        self.compare = Compare(
            self.viewer, self.work, self._ask_photo, region, lambda at: setattr(self.split, "value", at)
        )
        self.compare.side_by_side = SideBySide(self.viewer, self.canvas, lambda: self.preview.layer)
        self.comparing = ComparePanel()
        self.compare_mode, self.split = self.comparing.mode, self.comparing.split
        self.explore = ExplorePanel(self)
        self.gather = GatherPanel(self, self.explore.gallery)
        self.artifacts = ArtifactPanel(self)
        self.batch = BatchPanel(self, self.film)
        self.apply = ApplyPanel(self)

    def _connect(self) -> None:
        layers = self.viewer.layers
        self._connections = [
            (layers.events.inserted, self._layers_changed),
            (layers.events.removed, self._layer_removed),
            (self.viewer.dims.events.current_step, self._frame_changed),
        ]
        for emitter, slot in self._connections:
            emitter.connect(slot)
        self.wanted.on_change = self._changed
        self.photo.changed.connect(self._photo_changed)
        self.photo.renamed.connect(self.artifacts.reset_choices)
        self.live.changed.connect(self.preview.switch)
        self.preview.on_removed = lambda: setattr(self.live, "value", False)
        self.preview.on_shown = self._preview_shown
        self.preview.newest.busy_changed = self.look.show_busy
        self.compare_mode.changed.connect(self.compare.set_mode)
        self.split.changed.connect(self.compare.set_split)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.work.close)

    def subject(self) -> tuple[Image, Subject] | None:
        """The layer to work on and its photo; None, after telling the user, where there is none."""
        found = self._ask_photo()
        if found is None:
            show_info(why_none(self.viewer) or _NO_PHOTO)
        return found

    def options(self) -> Options:
        """What the controls say."""
        return self.wanted.options()

    def latent(self) -> AnyLatent:
        """The rendering that is shown."""
        return self.wanted.latent()

    def region(self, layer: Image, most_pixels: int) -> Region:
        """What of a layer is on screen, scaled down to so many pixels; all of it where nothing is."""
        return self.looking.region(layer, most_pixels) or whole_region(layer, most_pixels)

    def choose(self, latent: AnyLatent) -> None:
        """Show another rendering."""
        if not self.preview.enabled and self._ask_photo() is not None:
            self.live.value = True
        self.wanted.choose(latent)

    def note_step(self, layer: Image, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Something was done to a photo that can be undone."""
        self.steps.note(layer, undo, redo)

    def show_photo(self, layer: Image) -> None:
        """Work on a layer, and show all of it."""
        self.photo.value = layer
        self.fit()

    def settings_copied(self, layer: Image, options: Options) -> None:
        """A photo that is open was given other settings."""
        self.wanted.give(layer, options)

    # -- the photo ---------------------------------------------------------------------------------------

    def _layers_changed(self, event: Any = None) -> None:
        self.photo.refresh(prefer=getattr(event, "value", None))
        self.artifacts.reset_choices()
        if self.photo.value is None:
            self.look.tell(why_none(self.viewer))

    def _layer_removed(self, event: Any) -> None:
        layer = getattr(event, "value", None)
        self.preview.layer_removed(layer)
        if self.compare.layer_removed(layer):
            self.compare_mode.value = OFF
        self._layers_changed()
        self.photos.forget(layer)
        self.steps.forget(layer)

    def _frame_changed(self, _event: Any = None) -> None:
        """Another frame of a stack is shown."""
        layer = self.photo.value
        if layer is not None and layer.ndim > 2:
            self.photos.other_pixels(layer)
            self._photo_edited(layer)

    def _photo_edited(self, layer: Any) -> None:
        if layer == self.photo.value:
            self._photo_changed()

    def _photo_changed(self) -> None:
        """Another photo, or other pixels of the same."""
        layer = self.photo.value
        self.wanted.turn_to(layer)
        self._tell_picked()
        shown = self.preview.rendering
        self.histogram.show_pair(None if shown is None else shown.histograms)
        if self._ask_photo() is None:
            self.preview.drop()
            QTimer.singleShot(0, self._compare_nothing)
            return
        self.film.turned_to(layer)
        self.preview.switch(bool(self.live.value))
        self.compare.refresh()
        self.canvas.look_again()

    def _compare_nothing(self) -> None:
        if not self._closing.ended and self._ask_photo() is None:
            self.compare_mode.value = OFF

    def _ask_photo(self) -> tuple[Image, Subject] | None:
        layer = self.photo.value
        if layer is None or layer not in self.viewer.layers:
            return None
        try:
            return layer, self.photos.subject(layer)
        except LLFlowPhotoError as error:
            show_error(str(error))
            return None

    def _ask_preview(self) -> tuple[Image, Subject, Options, AnyLatent] | None:
        found = self._ask_photo()
        return None if found is None else (*found, self.options(), self.latent())

    # -- settings ----------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """The controls ask for something else."""
        self._tell_picked()
        self.presets.settings_changed()
        self.film.note_settings(self.photo.value, self.options())
        if self.photo.value is not None:
            self.apply.uncover(self.photo.value)
        self.preview.request()

    def _view_rested(self) -> None:
        self.looking.fit_beside_the_panel()
        self.preview.request(0)
        self.compare.refresh()

    def _show_before(self, on: bool) -> None:
        self.compare.show_before(on)

    def _preview_shown(self, rendering: Rendering) -> None:
        self.histogram.show_pair(rendering.histograms)
        self.compare.keep_on_top()
        if self.compare.mode == SIDE_BY_SIDE:
            self.compare.refresh()

    def _tell_picked(self) -> None:
        picked = self.wanted.picked
        self.look.tell("" if picked is None else f"Showing {describe(picked)}")

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        make_room(self)  # napari's style, which is known by now, has wider fonts
        self._closing.watch_window()
        self.canvas.attach(self)
        if not self._warm:
            self._warm = True
            load_soon(self.work, self.studio, self.options())

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        if not self.keys(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        if not self.keys(event):
            super().keyReleaseEvent(event)

    def closeEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        self.shut_down()
        super().closeEvent(event)

    def shut_down(self) -> None:
        """Cancel everything that runs and let go of the viewer."""
        if self._closing.ended:
            return
        self._closing.end()
        self.film.close()
        self.steps.close()
        self.work.close()
        self.preview.close()
        self.compare.close()
        self.canvas.detach()
        self.studio.forget()
        self.photos.close()
        self.photo.close_list()
        for emitter, slot in self._connections:
            emitter.disconnect(slot)


def _layer(found: tuple[Image, Subject] | None) -> Image | None:
    return None if found is None else found[0]
