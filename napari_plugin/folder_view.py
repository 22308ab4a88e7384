"""The photos of a folder: shown as a filmstrip, opened by a click, each with its own stored settings."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Container, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from llflow_photo.batch import PhotoState, folder_state
from llflow_photo.errors import LLFlowPhotoError
from llflow_photo.options import Options

from .filmstrip import THUMBNAIL_SIDE, Filmstrip
from .photo_choice import is_result, photo_of
from .reader import with_name
from .saved_results import SavedResults
from .small_pictures import Thumbnails
from .stored_settings import StoredSettings
from .work import Job, Work

if TYPE_CHECKING:
    from napari import Viewer

__all__ = ["FolderHost", "FolderView"]

_LOG = logging.getLogger(__name__)

_MOST_OPEN = 3
"""Number of photos opened from the filmstrip that stay open."""
_KEEP_MS = 1000
"""Settings are written to disk after this time without changes."""
_CLOSE_MS = 1500
"""Photos are closed this long after another one was opened, because napari needs 0.2 s to remove a layer."""
_THUMBNAILS = Thumbnails(2 * THUMBNAIL_SIDE)


class FolderHost(Protocol):
    """The interface of the widget that the filmstrip belongs to."""

    viewer: Viewer
    work: Work
    photo: Any

    def options(self) -> Options:
        """The options as set by the controls."""

    def show_photo(self, layer: Any) -> None:
        """Make a layer the current photo, and fit it into the view."""

    def stay_fitted(self) -> None:
        """Fit the photo again if it is entirely visible now and the canvas becomes smaller."""

    def settings_copied(self, layer: Any, options: Options) -> None:
        """Handle that settings were copied to an open photo."""

    def is_blended(self, layer: Any) -> bool:
        """Whether a blend of renderings was picked for an open photo."""


class FolderView:
    """A folder's photos and their settings.

    Args:
        host: the widget.
        stored: the settings of each photo.
        saved: the results that were saved one by one.

    Attributes:
        folder: the current folder, or None.
        states: its photos by source.
        strip: the thumbnails.
    """

    def __init__(self, host: FolderHost, stored: StoredSettings, saved: SavedResults) -> None:
        self._host, self._stored, self._saved = host, stored, saved
        self.folder: Path | None = None
        self.output: Path | None = None
        self.states: dict[str, PhotoState] = {}
        self._sources: dict[str, str] = {}
        self.strip = Filmstrip()
        self.strip.on_copy = self.copy_settings
        self.strip.on_open = self.open
        self.strip.on_scroll = self._show_first
        self._dock: QDockWidget | None = None
        self._listing: Job | None = None
        self._reading: Job | None = None
        self._waiting = _Waiting([])
        self._opened: list[Any] = []
        self._keep = QTimer()
        self._keep.setSingleShot(True)
        self._keep.setInterval(_KEEP_MS)
        self._keep.timeout.connect(self._save)
        self._tidy = QTimer()
        self._tidy.setSingleShot(True)
        self._tidy.setInterval(_CLOSE_MS)
        self._tidy.timeout.connect(self._close_oldest)

    # -- the folder --------------------------------------------------------------------------------------

    def show_folder(self, folder: Path, output: Path | None, panel: QWidget) -> None:
        """Show the photos of a folder below the canvas, with the state of their results."""
        self._stop()
        if folder != self.folder:  # until the new one is listed, nothing acts on photos of the previous one
            self.states, self._sources, self._waiting = {}, {}, _Waiting([])
            self.strip.show_photos((), lambda source: False)
        self.folder, self.output = folder, output
        self._listing = self._host.work.start(
            "List photos", lambda _job: self._states_of(folder, output), self._listed
        )
        self._show_dock(panel)

    def refresh(self) -> None:
        """Update which photos are there, and which of them are done."""
        if self.folder is None or self._listing in self._host.work.running:
            return
        folder, output = self.folder, self.output

        def done(states: tuple[PhotoState, ...]) -> None:
            if (folder, output) != (self.folder, self.output):
                return
            if [state.source for state in states] != list(self.states):
                selected = self.strip.selected
                self._stop()
                self._listed(states)
                self.strip.select(selected)
            else:
                self.states = {state.source: state for state in states}
                for state in states:
                    self.strip.set_state(state)

        self._host.work.start("Check for results", lambda _job: self._states_of(folder, output), done)

    def _states_of(self, folder: Path, output: Path | None) -> tuple[PhotoState, ...]:
        """The photos of a folder, marked as done by a batch or by a saved result. Called in threads."""
        return tuple(
            replace(state, status="done", reason=f"Saved as {result}.")
            if state.status == "new" and (result := self._saved.result_of(state.path)) is not None
            else state
            for state in folder_state(folder, output)
        )

    def note_saved(self, photo: Path, result: Path) -> None:
        """Mark a photo of which a result was saved."""
        try:
            self._saved.note(photo, result)
        except OSError as error:
            _LOG.warning("the saved result of %s cannot be recorded: %s", photo, error)
        source = self._sources.get(str(photo))
        if source is not None:
            self.note_state(PhotoState(photo, source, "done", f"Saved as {result}."))

    def note_state(self, state: PhotoState) -> None:
        """Mark a photo that a batch has finished or failed to render."""
        if state.source in self.states:
            self.states[state.source] = state
            self.strip.set_state(state)

    def _listed(self, states: tuple[PhotoState, ...]) -> None:
        self.states = {state.source: state for state in states}
        self._sources = {str(state.path): state.source for state in states}
        self.strip.show_photos(states, lambda source: self.options_of(source) is not None)
        self.turned_to(self._host.photo.value)
        if not states:
            show_info(f"No photos found in {self.folder}.")
            return
        self._waiting = waiting = _Waiting([(state.source, state.path) for state in states])

        def read(job: Job) -> None:
            while not job.cancelled() and (found := waiting.take()) is not None:
                source, path = found
                job.show((source, _THUMBNAILS.read(path)))

        def show(made: tuple[str, Any] | None) -> None:
            if made is not None and self._waiting is waiting:
                self.strip.set_picture(*made)

        self._reading = self._host.work.start("Thumbnails", read, show, shown=show)
        QTimer.singleShot(0, lambda: waiting.first(self.strip.in_view()))

    def _show_first(self, sources: list[str]) -> None:
        """Read the thumbnails of these photos first."""
        self._waiting.first(sources)

    def _stop(self) -> None:
        for job in (self._listing, self._reading):
            if job is not None:
                job.cancel()
        self._listing = self._reading = None

    def _show_dock(self, panel: QWidget) -> None:
        window = panel.window()
        if not isinstance(window, QMainWindow):
            return
        if self._dock is None or not self._dock.isVisible():
            self._host.stay_fitted()
        if self._dock is None:
            self._dock = QDockWidget("Photos", window)
            self._dock.setObjectName("llflow-photo-filmstrip")
            self._dock.setWidget(self.strip)
            window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self._dock)
        self._dock.show()

    # -- opening -----------------------------------------------------------------------------------------

    def open(self, source: str) -> None:
        """Open a photo, or switch to it if it is already open."""
        state = self.states.get(source)
        if state is None:
            return
        layer = self._layer_of(state.path)
        if layer is None:
            try:
                (layer,) = self._host.viewer.open(str(state.path), plugin="llflow-photo")
            except LLFlowPhotoError:  # the reader has shown it
                return
            except Exception as error:  # such as those of napari, if the plugin is disabled
                show_error(with_name(state.path.name, str(error)))
                return
        layers = self._host.viewer.layers
        for other in layers:  # photos opened before, and their results, could be visible around or above it
            photo = photo_of(other, self._host.viewer) if is_result(other) else other
            if photo != layer and photo in self._opened:
                other.visible = False
        layer.visible = True
        layers.selection.active = layer
        self._opened = [other for other in self._opened if other != layer] + [layer]
        self._host.show_photo(layer)
        if not self._tidy.isActive():  # many clicks must not postpone it forever
            self._tidy.start()

    def _close_oldest(self) -> None:
        """Close the photos opened longest ago to save memory.

        Those that have results stay open, and those with a blend of renderings, which no settings express.
        """
        layers = self._host.viewer.layers
        self._opened = [layer for layer in self._opened if layer in layers]
        for layer in self._opened[:-_MOST_OPEN]:
            results = [
                other for other in layers if is_result(other) and photo_of(other, self._host.viewer) == layer
            ]
            if not results and not self._host.is_blended(layer):
                self._opened.remove(layer)
                layers.remove(layer)

    def _layer_of(self, path: Path) -> Any:
        for layer in self._host.viewer.layers:
            if layer.source.path and Path(layer.source.path) == path and not is_result(layer):
                return layer
        return None

    def source_of(self, layer: Any) -> str | None:
        """The source of the photo that a layer was opened from, if it belongs to the folder."""
        return None if layer is None else self._sources.get(str(layer.source.path))

    # -- settings ----------------------------------------------------------------------------------------

    def options_of(self, source: str) -> Options | None:
        """A photo's own settings, with the device of the controls; None if it has none."""
        found = self._stored.get(_key(self.states[source].path))
        return None if found is None else found.with_changes(device=self._host.options().device)

    def own_settings(self, layer: Any) -> Options | None:
        """The stored settings of the photo that a layer was opened from; None if there are none."""
        source = self.source_of(layer)
        return None if source is None else self.options_of(source)

    def own_settings_in(self, folder: Path) -> dict[str, Options]:
        """The settings of all photos of a folder that have their own, listed or not, by absolute path."""
        inside, device = _key(folder / "_")[:-1], self._host.options().device
        return {
            name: found.with_changes(device=device)
            for name in self._stored.names
            if name.startswith(inside) and (found := self._stored.get(name)) is not None
        }

    def note_settings(self, layer: Any, options: Options) -> None:
        """Store settings that the user changed."""
        source = self.source_of(layer)
        if source is not None:
            self._put(source, options)

    def turned_to(self, layer: Any) -> None:
        """Select the photo of a layer in the filmstrip."""
        source = self.source_of(layer)
        if source is not None:
            self.strip.make_current(source)

    def copy_settings(self, chosen: list[str]) -> None:
        """Copy the current settings to some photos."""
        options, present = self._host.options(), self._host.photo.value
        for source in chosen:
            self._put(source, options)
            layer = self._layer_of(self.states[source].path)
            if layer is not None and layer != present:  # the current photo has them, and keeps its blend
                self._host.settings_copied(layer, options)
        message = f"Settings copied to {len(chosen)} photo{'s' if len(chosen) != 1 else ''}."
        if present is not None and self._host.is_blended(present):
            message += " The blend of renderings that is shown cannot be copied."
        show_info(message)

    def blended(self, folder: Path, sources: Iterable[str] | None, own: Container[str]) -> list[str]:
        """The photos with a picked blend of renderings that a batch does not use.

        Args:
            folder: the folder of the batch.
            sources: its photos; None for all.
            own: the absolute paths of photos with their own settings; others get those of the current photo.
        """
        states = self.states if folder == self.folder else {}
        wanted = [states[source] for source in (states if sources is None else sources) if source in states]
        layers = {state.source: self._layer_of(state.path) for state in wanted}
        present = self._host.photo.value
        if present is not None and not (wanted and all(_key(state.path) in own for state in wanted)):
            layers[self.source_of(present) or present.name] = present
        return [name for name, layer in layers.items() if layer is not None and self._host.is_blended(layer)]

    def _put(self, source: str, options: Options) -> None:
        self._stored.put(_key(self.states[source].path), options)
        self.strip.set_edited(source, True)
        self._keep.start()

    def _save(self) -> None:
        try:
            self._stored.save()
        except OSError as error:
            show_error(f"Settings cannot be saved: {self._stored.path}: {error.strerror or error}")

    def close(self) -> None:
        """Save pending changes and remove the filmstrip."""
        self._stop()
        self._tidy.stop()
        if self._keep.isActive():
            self._keep.stop()
            self._save()
        dock, self._dock = self._dock, None
        with contextlib.suppress(RuntimeError):  # Qt has deleted it with its window
            if dock is not None:
                dock.setParent(None)
                dock.deleteLater()
            self.strip.deleteLater()


class _Waiting:
    """Thread-safe queue of photos whose thumbnails are not read yet."""

    def __init__(self, photos: list[tuple[str, Path]]) -> None:
        self._lock = threading.Lock()
        self._photos = dict(photos)

    def take(self) -> tuple[str, Path] | None:
        """Remove and return the next photo; None if there is none."""
        with self._lock:
            if not self._photos:
                return None
            source = next(iter(self._photos))
            return source, self._photos.pop(source)

    def first(self, sources: list[str]) -> None:
        """Move these photos to the front."""
        with self._lock:
            wanted = {source: self._photos[source] for source in sources if source in self._photos}
            self._photos = {**wanted, **self._photos}


def _key(path: Path) -> str:
    return str(path.absolute())
