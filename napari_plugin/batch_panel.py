"""A folder, with the settings that were found on one photo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from llflow_photo.options import Options

from .controls import FolderEdit, Switch, button
from .explore_panel import Host
from .work import Job

if TYPE_CHECKING:
    from llflow_photo.batch import Event, Report

__all__ = ["BatchPanel"]


class BatchPanel(QWidget):
    """The Batch tab."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self._job: Job | None = None
        self._summary = " "
        self.folder = FolderEdit("Folder of photos", "Folder of photos; subfolders are walked too")
        self.output = FolderEdit(
            "Folder of the results", "Where the results go; empty: NAME-enhanced beside the folder NAME"
        )
        self.jpeg = Switch("JPEG instead of 16-bit TIFF", False, "Small files for sharing")
        self.run_button = button(
            "Enhance folder", "Render every photo of the folder with the present settings", self.run
        )
        self.cancel_button = button("Cancel", "Stop; photos that are finished stay", self.cancel)
        self.cancel_button.setEnabled(False)
        self.bar = QProgressBar()
        self.status = QLabel(" ")
        self.status.setWordWrap(True)
        layout = QVBoxLayout(self)
        for label, edit in (("Photos", self.folder), ("Results", self.output)):
            layout.addWidget(QLabel(label))
            layout.addWidget(edit)
        layout.addWidget(self.jpeg)
        row = QHBoxLayout()
        row.addWidget(self.run_button)
        row.addWidget(self.cancel_button)
        layout.addLayout(row)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        layout.addStretch()

    def run(self) -> None:
        """Start the batch."""
        folder, output = self.folder.value, self.output.value
        if folder is None:
            show_error("Choose a folder of photos first.")
            return
        if not folder.is_dir():
            show_error(f"There is no folder {folder}: choose a folder of photos.")
            return
        options, suffix = self._host.options(), "jpeg" if self.jpeg.value else "tiff"
        self.run_button.setEnabled(False)
        self.cancel_button.setEnabled(True)
        self._summary = " "
        self.status.setText("Looking for photos…")
        self.bar.setRange(0, 0)

        def work(job: Job) -> Report:
            return _enhance(folder, output, options, suffix, job)

        self._job = self._host.work.start(
            "Batch", work, self._done, progressed=self._progressed, ended=self._ended, bar=True
        )

    def cancel(self) -> None:
        """Stop after the photo in hand is abandoned; what is finished stays."""
        if self._job is not None:
            self._job.cancel()
            self.status.setText("Cancelling; what is finished stays.")

    def _progressed(self, done: int, total: int) -> None:
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.status.setText(f"{done} of {total} photos")

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


def _enhance(folder: Path, output: Path | None, options: Options, suffix: str, job: Job) -> Report:
    from llflow_photo import files
    from llflow_photo.batch import enhance_dir

    def tell(event: Event) -> None:
        job.progress(event.done + event.skipped + event.failed, event.total)

    return enhance_dir(
        folder,
        output=output,
        options=options,
        encoding=files.Encoding(format=suffix),
        progress=tell,
        cancel=job.cancelled,
    )
