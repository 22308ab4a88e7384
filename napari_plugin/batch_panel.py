"""The Folder tab: shows the photos of a folder as thumbnails and renders all or some of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from magicgui.types import FileDialogMode
from magicgui.widgets import ComboBox, FileEdit
from napari.utils.notifications import show_error, show_info
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from llflow_photo.batch import PhotoRecord, PhotoState
from llflow_photo.paths import expanded

from .batch_run import BatchRequest, run_request
from .controls import button, guard_wheel
from .explore_panel import Host
from .folder_view import FolderView
from .settings import rows
from .work import Job

if TYPE_CHECKING:
    from llflow_photo.batch import Report

__all__ = ["BatchPanel"]

OWN, SHOWN = "Each photo's own, else current", "Current, for all photos"
FORMATS = {"16-bit TIFF": "tiff", "JPEG": "jpeg", "16-bit PNG": "png"}


class BatchPanel(QWidget):
    """The Folder tab.

    Attributes:
        folder_view: the folder's photos and their settings.
    """

    def __init__(self, host: Host, folder_view: FolderView) -> None:
        super().__init__()
        self._host = host
        self.folder_view = folder_view
        self._job: Job | None = None
        self._running_in: Path | None = None
        self._summary = " "
        self.folder = _folder_edit("Folder of photos; subfolders are included")
        self.output = _folder_edit("Folder for the results; if empty, NAME-enhanced beside the folder NAME")
        self.format = ComboBox(choices=list(FORMATS), tooltip="File format of the results")
        self.settings = ComboBox(
            choices=[OWN, SHOWN],
            tooltip="Photos have their own settings once you change them or copy settings to them",
        )
        form = _form(
            [
                ("Photos", self.folder), ("Results", self.output),
                ("Format", self.format), ("Settings", self.settings),
            ]
        )  # fmt: skip
        folder_view.strip.on_enhance = self.run_some
        for edit in (self.folder, self.output):  # while a path is being typed, nothing is listed
            edit.changed.connect(lambda _value: self._folder_changed(unless_typed=True))
            edit.line_edit.native.editingFinished.connect(self._folder_changed)
        self.folder.choose_btn.changed.connect(lambda _value: self._folder_changed())  # the same one again
        self.run_button = button("Enhance folder", "Render every photo of the folder", self.run)
        self.cancel_button = button("Cancel", "Stop; finished photos are kept", self.cancel)
        self.cancel_button.setEnabled(False)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1)
        self.status = QLabel(" ")
        self.status.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(form)
        row = QHBoxLayout()
        row.addWidget(self.run_button, 1)
        row.addWidget(self.cancel_button)
        layout.addLayout(row)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        layout.addStretch()

    def _chosen(self) -> tuple[Path | None, Path | None]:
        """The entered folders of photos and of results."""
        folder, output = (_path_of(edit) for edit in (self.folder, self.output))
        return folder, output

    def _folder_changed(self, unless_typed: bool = False) -> None:
        """Show the photos of a folder once it is chosen."""
        typed = self.folder.line_edit.native.hasFocus() or self.output.line_edit.native.hasFocus()
        folder, output = self._chosen()
        if folder is None or (unless_typed and typed) or not _is_folder(folder):
            return
        if (folder, output) != (self.folder_view.folder, self.folder_view.output):
            self.folder_view.show_folder(folder, output, self)
        elif not unless_typed and self._job is None:  # chosen again; a batch updates it at its end
            self.folder_view.refresh()

    def run(self) -> None:
        """Render all photos of the folder."""
        self._run(None)

    def run_some(self, sources: list[str]) -> None:
        """Render some photos of the current folder."""
        if sources:
            self._run(sources)

    def _run(self, sources: list[str] | None) -> None:
        if self._job is not None:
            return
        folder, output = self._chosen()
        if folder is None:
            show_error("Choose a folder of photos first.")
            return
        if not _is_folder(folder):
            show_error(f"The folder {folder} does not exist: choose a folder of photos.")
            return
        request = BatchRequest(
            folder,
            output,
            FORMATS[str(self.format.value)],
            self._host.options(),
            self.folder_view.own_settings_in(folder) if self.settings.value == OWN else {},
            None if sources is None else tuple(sources),
        )
        if blended := self.folder_view.blended(folder, sources, request.own):
            show_info(
                f"{', '.join(blended)}: a batch uses the settings, which express no blend of renderings. "
                "To keep it, apply it at full size."
            )
        self.run_button.setEnabled(False)
        self.cancel_button.setEnabled(True)
        self._summary = " "
        self.status.setText("Looking for photos…")
        self.bar.setRange(0, 100)
        self._job = self._host.work.start(
            "Batch",
            lambda job: run_request(request, job),
            self._done,
            shown=self._photo_done,
            progressed=self._progressed,
            ended=self._ended,
        )
        self._running_in = folder

    def cancel(self) -> None:
        """Stop; the photo in progress is discarded, finished ones are kept."""
        if self._job is not None:
            self._job.cancel()
            self.status.setText("Cancelling; finished photos are kept.")

    def _progressed(self, done: int, total: int) -> None:
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.status.setText(f"{done} of {total} photos")

    def _photo_done(self, row: PhotoRecord) -> None:
        if self.folder_view.folder != self._running_in:  # another folder is shown meanwhile
            return
        known = self.folder_view.states.get(row.source)
        if known is not None and row.status in ("done", "failed", "skipped"):
            if row.status == "failed":
                state = PhotoState(known.path, known.source, "failed", row.reason)
            else:
                state = PhotoState(known.path, known.source, "done")
            self.folder_view.note_state(state)

    def _done(self, report: Report) -> None:
        self._summary = report.summary()

    def _ended(self) -> None:
        if self._job is not None and self._job.cancelled():
            self._summary = "Cancelled; finished photos are kept, and another run continues from there."
        self.status.setText(self._summary)
        self._job = None
        self.bar.setRange(0, 1)
        self.bar.reset()
        self.run_button.setEnabled(True)
        self.cancel_button.setEnabled(False)
        self.folder_view.refresh()


def _folder_edit(tooltip: str) -> FileEdit:
    made = FileEdit(mode=FileDialogMode.EXISTING_DIRECTORY, tooltip=tooltip)
    made.line_edit.value = ""
    made.line_edit.tooltip = tooltip
    made.choose_btn.tooltip = "Choose a folder"
    return made


def _path_of(edit: FileEdit) -> Path | None:
    """The entered folder; None if the field is empty."""
    text = str(edit.line_edit.value).strip()
    return expanded(text) if text else None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long
        return False


def _form(parts: list[tuple[str, Any]]) -> QWidget:
    """magicgui's controls in rows; the mouse wheel scrolls the panel instead of changing combo boxes."""
    made = rows([(label, part.native) for label, part in parts])
    for _, part in parts:
        box = part.native
        if isinstance(box, QComboBox):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            guard_wheel(box)
    return made
