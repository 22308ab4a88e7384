"""A folder: its photos in a strip, and all of them, or some, rendered with their settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from magicgui.types import FileDialogMode
from magicgui.widgets import ComboBox, Container, FileEdit
from napari.utils.notifications import show_error
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from llflow_photo.batch import PhotoRecord, PhotoState

from .batch_run import Order, grouped, run_order
from .controls import button, guard_wheel
from .explore_panel import Host
from .film import Film
from .work import Job

if TYPE_CHECKING:
    from llflow_photo.batch import Report

__all__ = ["BatchPanel"]

OWN, SHOWN = "Each photo's own, else as shown", "As shown now, for all"
FORMATS = {"16-bit TIFF": "tiff", "JPEG": "jpeg", "16-bit PNG": "png"}


class BatchPanel(QWidget):
    """The Folder tab.

    Attributes:
        film: the folder's photos and their settings.
    """

    def __init__(self, host: Host, film: Film) -> None:
        super().__init__()
        self._host = host
        self.film = film
        self._job: Job | None = None
        self._summary = " "
        self.folder = _folder_edit("Folder of photos; subfolders are walked too")
        self.output = _folder_edit("Where the results go; empty: NAME-enhanced beside the folder NAME")
        self.format = ComboBox(choices=list(FORMATS), tooltip="Of the results")
        self.settings = ComboBox(
            choices=[OWN, SHOWN],
            tooltip="Photos whose settings you changed or copied have settings of their own",
        )
        self.form = _form(Photos=self.folder, Results=self.output, Format=self.format, Settings=self.settings)
        film.strip.on_enhance = self.run_some
        for edit in (self.folder, self.output):  # the beginnings of a path being typed are not listed
            edit.changed.connect(lambda _value: self._folder_changed(unless_typed=True))
            edit.line_edit.native.editingFinished.connect(self._folder_changed)
        self.run_button = button("Enhance folder", "Render every photo of the folder", self.run)
        self.cancel_button = button("Cancel", "Stop; photos that are finished stay", self.cancel)
        self.cancel_button.setEnabled(False)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1)
        self.status = QLabel(" ")
        self.status.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.form.native)
        row = QHBoxLayout()
        row.addWidget(self.run_button, 1)
        row.addWidget(self.cancel_button)
        layout.addLayout(row)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        layout.addStretch()

    def _chosen(self) -> tuple[Path | None, Path | None]:
        """The folders of photos and of results that are typed."""
        folder, output = (_path_of(edit) for edit in (self.folder, self.output))
        return folder, output

    def _folder_changed(self, unless_typed: bool = False) -> None:
        """Show the photos of a folder as soon as one is chosen."""
        typed = self.folder.line_edit.native.hasFocus() or self.output.line_edit.native.hasFocus()
        folder, output = self._chosen()
        if folder is None or not folder.is_dir() or (unless_typed and typed):
            return
        if (folder, output) != (self.film.folder, self.film.output):
            self.film.show_folder(folder, output, self)

    def run(self) -> None:
        """Render all photos of the folder."""
        self._run(None)

    def run_some(self, sources: list[str]) -> None:
        """Render some photos of the folder that is shown."""
        if sources:
            self._run(sources)

    def _run(self, sources: list[str] | None) -> None:
        if self._job is not None:
            return
        folder, output = self._chosen()
        if folder is None:
            show_error("Choose a folder of photos first.")
            return
        if not folder.is_dir():
            show_error(f"There is no folder {folder}: choose a folder of photos.")
            return
        order = Order(folder, output, FORMATS[str(self.format.value)], self._groups(folder, sources))
        self.run_button.setEnabled(False)
        self.cancel_button.setEnabled(True)
        self._summary = " "
        self.status.setText("Looking for photos…")
        self.bar.setRange(0, 0)
        self._job = self._host.work.start(
            "Batch",
            lambda job: run_order(order, job),
            self._done,
            shown=self._photo_done,
            progressed=self._progressed,
            ended=self._ended,
            bar=True,
        )

    def _groups(self, folder: Path, sources: list[str] | None) -> tuple[Any, ...]:
        """Settings, and which photos have them."""
        shown = self._host.options()
        if self.settings.value != OWN or folder != self.film.folder:
            return ((shown, None if sources is None else tuple(sources)),)
        states = self.film.states
        own = {source: found for source in states if (found := self.film.options_of(source)) is not None}
        groups = grouped(states if sources is None else sources, own, shown)
        if sources is None and len(groups) <= 1:  # also photos that came since the folder was listed
            return ((groups[0][0] if groups else shown, None),)
        return groups

    def cancel(self) -> None:
        """Stop after the photo that is being rendered is abandoned; what is finished stays."""
        if self._job is not None:
            self._job.cancel()
            self.status.setText("Cancelling; what is finished stays.")

    def _progressed(self, done: int, total: int) -> None:
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.status.setText(f"{done} of {total} photos")

    def _photo_done(self, row: PhotoRecord) -> None:
        known = self.film.states.get(row.source)
        if known is not None and row.status in ("done", "failed", "skipped"):
            if row.status == "failed":
                state = PhotoState(known.path, known.source, "failed", row.reason)
            else:
                state = PhotoState(known.path, known.source, "done")
            self.film.note_state(state)

    def _done(self, report: Report) -> None:
        self._summary = report.summary()

    def _ended(self) -> None:
        if self._job is not None and self._job.cancelled():
            self._summary = "Cancelled; what is finished stays, and another run goes on from there."
        self.status.setText(self._summary)
        self._job = None
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        self.run_button.setEnabled(True)
        self.cancel_button.setEnabled(False)
        self.film.refresh()


def _folder_edit(tooltip: str) -> FileEdit:
    made = FileEdit(mode=FileDialogMode.EXISTING_DIRECTORY, tooltip=tooltip)
    made.line_edit.value = ""
    made.line_edit.tooltip = tooltip
    made.choose_btn.tooltip = "Choose a folder"
    return made


def _path_of(edit: FileEdit) -> Path | None:
    """The folder that is typed; None where the field is empty."""
    text = str(edit.line_edit.value).strip()
    return Path(text).expanduser() if text else None


def _form(**parts: Any) -> Container[Any]:
    """A form of magicgui's, whose lists leave the wheel to the panel."""
    for label, part in parts.items():
        part.label = label
    made = Container(widgets=list(parts.values()), labels=True)
    made.margins = (0, 0, 0, 0)
    for box in made.native.findChildren(QComboBox):
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        guard_wheel(box)
    return made
