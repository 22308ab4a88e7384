"""The panel, which combines all parts of the plugin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
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
from .folder_view import FolderView
from .gallery import describe
from .garbage_collection import ShortCollections
from .histogram_panel import HistogramPanel
from .keys import Keys
from .layers import PLACED_BY
from .layout import lay_out, make_room
from .machine import devices, models
from .photo_choice import PhotoChoice, why_none
from .photo_settings import PhotoSettings
from .photos import Photos
from .preload import preload_model
from .presets import PresetRow
from .preview import LivePreview, Rendering
from .render_cache import RenderCache, Subject
from .saved_results import SavedResults
from .settings import Settings
from .side_by_side import SideBySide
from .statistics_panel import StatisticsPanel
from .stored_settings import StoredSettings, config_folder
from .view import whole_region
from .view_panel import ComparePanel, ViewPanel
from .work import Work
from .zoom import Zoom

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

    from .controls import Slider

__all__ = ["EnhanceWidget"]

_NO_PHOTO = "Open a photo first: drop a file on the window, or File > Open Sample > LLFlow Photo."


# napari gives plugins proxies of its layers, so layers are compared with ==, never with `is`.


class EnhanceWidget(QWidget):
    """The panel of Plugins > LLFlow Photo > Enhance a night photo.

    Args:
        napari_viewer: the viewer, passed by napari.

    Attributes:
        scroll_area: the area that scrolls all parts of the panel.
        tabs: the tabs below the controls.
        split: position of the line between before and after.
    """

    scroll_area: QScrollArea
    tabs: QTabWidget
    split: Slider

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.work = Work()
        self.cache = RenderCache()
        self.photos = Photos(napari_viewer, self._photo_edited)
        self.settings = Settings(models(), devices())
        kept = config_folder()
        self.folder_view = FolderView(
            self, StoredSettings(kept / "photos.json"), SavedResults(kept / "saved.json")
        )
        self.photo_settings = PhotoSettings(self.settings, self.folder_view.own_settings)
        self.presets = PresetRow(StoredSettings(kept / "presets.json"), self.options, self.photo_settings.use)
        self.steps = self.photo_settings.steps
        self._make_parts()
        lay_out(self)
        self._connect()
        self.collections: ShortCollections = ShortCollections(napari_viewer)
        self._closing = Closing(self, self.shut_down)
        self._warm = False
        self._watched: Any = None
        self._layers_changed()

    def _make_parts(self) -> None:
        self.zoom = Zoom(self.viewer, lambda: _layer(self.subject()), lambda: _layer(self._ask_photo()))
        self.fit, self.full_resolution = self.zoom.fit, self.zoom.full_resolution
        actions: dict[str, Callable[[], Any]] = {
            "fit": self.fit, "full": self.full_resolution, "undo": self.steps.undo, "redo": self.steps.redo,
        }  # fmt: skip
        self.keys = Keys(self.viewer, actions, self._show_before)
        self.canvas = self.zoom.canvas = CanvasWatch(self.viewer, self._view_rested, self.keys)
        self.photo = PhotoChoice(self.viewer)
        self.view_panel = ViewPanel(actions, self._show_before)
        self.steps.on_change = self.view_panel.show_history
        self.live = self.view_panel.live
        self.histogram = HistogramPanel()
        region = self.zoom.region
        self.preview = LivePreview(self.viewer, self.work, self.cache, self._ask_preview, region)
        self.compare = Compare(
            self.viewer, self.work, self._ask_photo, region, lambda at: setattr(self.split, "value", at)
        )
        self.compare.side_by_side = SideBySide(self.viewer, self.canvas, lambda: self.preview.layer)
        self.comparing = ComparePanel()
        self.compare_mode, self.split = self.comparing.mode, self.comparing.split
        self.explore = ExplorePanel(self)
        self.statistics = StatisticsPanel(self, self.explore.gallery)
        self.artifacts = ArtifactPanel(self)
        self.batch = BatchPanel(self, self.folder_view)
        self.apply = ApplyPanel(self)

    def _connect(self) -> None:
        layers = self.viewer.layers
        self._connections = [
            (layers.events.inserted, self._layers_changed),
            (layers.events.removed, self._layer_removed),
            (layers.events.reordered, self._layers_reordered),
            (self.viewer.dims.events.current_step, self._frame_changed),
        ]
        for emitter, slot in self._connections:
            emitter.connect(slot)
        self.photo_settings.on_change = self._changed
        self.photo.changed.connect(self._photo_changed)
        self.photo.renamed.connect(self.artifacts.reset_choices)
        self.live.changed.connect(self.preview.switch)
        self.preview.on_removed = lambda: setattr(self.live, "value", False)
        self.preview.on_shown = self._preview_shown
        self.preview.newest.busy_changed = self.view_panel.show_busy
        self.compare_mode.changed.connect(self.compare.set_mode)
        self.split.changed.connect(self.compare.set_split)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.work.close)

    def subject(self) -> tuple[Image, Subject] | None:
        """The current photo's layer and subject; if there is none, show a message and return None."""
        found = self._ask_photo()
        if found is None:
            show_info(why_none(self.viewer) or _NO_PHOTO)
        return found

    def options(self) -> Options:
        """The options as set by the controls."""
        return self.photo_settings.options()

    def latent(self) -> AnyLatent:
        """The latent of the current rendering."""
        return self.photo_settings.latent()

    def region(self, layer: Image, most_pixels: int) -> Region:
        """The visible region of a layer, of at most so many pixels; the whole layer if it is not visible."""
        return self.zoom.region(layer, most_pixels) or whole_region(layer, most_pixels)

    def choose(self, latent: AnyLatent) -> None:
        """Make another rendering the current one."""
        if not self.preview.enabled and self._ask_photo() is not None:
            self.live.value = True
        self.photo_settings.choose(latent)

    def note_step(self, layer: Image, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Add a step that can be undone to the history of a photo."""
        self.steps.note(layer, undo, redo)

    def keep_comparison(self) -> None:
        """Show a comparison as before, after a result was added."""
        self.compare.keep_on_top()
        if self.compare.mode == SIDE_BY_SIDE:
            self.compare.refresh()

    def result_saved(self, photo: Path, result: Path) -> None:
        """Mark a photo of which a result was saved."""
        self.folder_view.note_saved(photo, result)

    def show_photo(self, layer: Image) -> None:
        """Make a layer the current photo, and fit it into the view."""
        self.photo.value = layer
        self.fit()

    def stay_fitted(self) -> None:
        """Fit the photo again if it is entirely visible now and the canvas becomes smaller."""
        self.zoom.stay_fitted()

    def settings_copied(self, layer: Image, options: Options) -> None:
        """Handle that settings were copied to an open photo."""
        self.photo_settings.give(layer, options)

    def is_blended(self, layer: Image) -> bool:
        """Whether a blend of renderings was picked for an open photo."""
        return self.photo_settings.is_blended(layer)

    # -- the photo ---------------------------------------------------------------------------------------

    def _layers_changed(self, event: Any = None) -> None:
        self.photo.refresh(prefer=getattr(event, "value", None))
        self.artifacts.reset_choices()
        if self.photo.value is None:
            self.view_panel.show_message(why_none(self.viewer))

    def _layer_removed(self, event: Any) -> None:
        layer = getattr(event, "value", None)
        self.preview.layer_removed(layer)
        if self.compare.layer_removed(layer):
            self.compare_mode.value = OFF
        self._layers_changed()
        self.photos.forget(layer)
        self.steps.forget(layer)

    def _layers_reordered(self, _event: Any = None) -> None:
        if self.compare.mode == SIDE_BY_SIDE:  # napari's grid follows the order of the layers
            QTimer.singleShot(0, self._put_side_by_side)

    def _put_side_by_side(self) -> None:
        if not self._closing.ended and self.compare.mode == SIDE_BY_SIDE:
            self.compare.refresh()

    def _watch_placement(self, layer: Any) -> None:
        """Notice if this photo, and no other, is moved, scaled or rotated."""
        before, self._watched = self._watched, layer
        if before is not None:
            for name in PLACED_BY:
                getattr(before.events, name).disconnect(self._photo_placed)
        if layer is not None:
            for name in PLACED_BY:
                getattr(layer.events, name).connect(self._photo_placed)

    def _photo_placed(self, _event: Any = None) -> None:
        self.compare.draw()
        self.canvas.check_again()  # another part of the photo is visible now

    def _frame_changed(self, _event: Any = None) -> None:
        """Handle that another frame of a stack is shown."""
        layer = self.photo.value
        if layer is not None and layer.ndim > 2:
            self.photos.other_pixels(layer)
            self.apply.uncover(layer)  # its results show another frame
            self._photo_edited(layer)

    def _photo_edited(self, layer: Any) -> None:
        if layer == self.photo.value:
            self._photo_changed()

    def _photo_changed(self) -> None:
        """Handle another photo, or changed pixels of the current one."""
        layer = self.photo.value
        self._watch_placement(layer)
        self.photo_settings.turn_to(layer)
        self._show_picked()
        shown = self.preview.rendering
        self.histogram.show_pair(None if shown is None else shown.histograms)
        if self._ask_photo() is None:
            self.preview.drop()
            QTimer.singleShot(0, self._compare_nothing)
            return
        self.folder_view.turned_to(layer)
        self.preview.switch(bool(self.live.value))
        self.compare.refresh()
        self.canvas.check_again()

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
        """Handle changed settings."""
        self._show_picked()
        self.presets.settings_changed()
        self.folder_view.note_settings(self.photo.value, self.options())
        if self.photo.value is not None:
            self.apply.uncover(self.photo.value)
        self.preview.request()

    def _view_rested(self) -> None:
        self.zoom.fit_beside_docks()
        self.preview.request(0)
        self.compare.refresh()

    def _show_before(self, on: bool) -> None:
        self.compare.show_before(on)

    def _preview_shown(self, rendering: Rendering) -> None:
        self.histogram.show_pair(rendering.histograms)
        self.keep_comparison()

    def _show_picked(self) -> None:
        picked = self.photo_settings.picked
        self.view_panel.show_message("" if picked is None else f"Showing {describe(picked)}")

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        make_room(self)  # napari's style, which applies now, has wider fonts
        self._closing.watch_window()
        self.canvas.attach(self)
        if not self._warm:
            self._warm = True
            preload_model(self.work, self.cache, self.options(), self.collections.start)

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
        """Cancel all running jobs and disconnect from the viewer."""
        if self._closing.ended:
            return
        self._closing.end()
        self.collections.close()
        self.folder_view.close()
        self.steps.close()
        self.work.close()
        self.preview.close()
        self.compare.close()
        self.explore.end()
        self.canvas.detach()
        self.cache.forget()
        self.photos.close()
        self.photo.close_list()
        self._watch_placement(None)
        for emitter, slot in self._connections:
            emitter.disconnect(slot)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.disconnect(self.work.close)


def _layer(found: tuple[Image, Subject] | None) -> Image | None:
    return None if found is None else found[0]
