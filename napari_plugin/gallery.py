"""A grid of thumbnails: one rendering each, with its latent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QListView, QListWidget, QListWidgetItem

from llflow_photo.engine.latent import AnyLatent, Latent

from .naming import names_of

__all__ = ["Entry", "Gallery", "describe", "pixmap_of"]

_COLUMNS = 3
_LEAST_CELL = 112
"""Minimum width of a cell; cells are wider in a wider panel."""
_GAP = 6
_WIDEST = 480
"""Maximum width and height of stored thumbnails, in pixels; Qt does not enlarge them."""
_BEST_GUESS = "best guess"


@dataclass(eq=False)
class Entry:
    """One rendering in the grid.

    Attributes:
        latent: the latent to decode.
        caption: describes its appearance; its seed and temperature until it is rendered.
        locked: whether it is kept when new ones are drawn.
    """

    latent: AnyLatent
    caption: str
    locked: bool = False


class Gallery(QListWidget):
    """Selectable thumbnails.

    Attributes:
        on_pick: called with the entry that the user selected.
        first: the start of the interpolation.
        second: the end of the interpolation.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_pick: Callable[[Entry], None] = lambda entry: None
        self.entries: list[Entry] = []
        self.first: Entry | None = None
        self.second: Entry | None = None
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setWordWrap(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(_COLUMNS * _LEAST_CELL + 6)
        self._aspect = 0.75
        self.setToolTip("Click a rendering to see it in the preview")
        self.currentRowChanged.connect(self._picked)
        self._images: dict[Entry, np.ndarray] = {}
        self._make_room()

    def set_shape(self, shape: tuple[int, int]) -> None:
        """Set the height and width of the renderings, so that the cells fit them."""
        self._aspect = min(max(shape[0] / shape[1], 0.4), 1.25)
        self._make_room()

    def _make_room(self) -> None:
        """Fit the columns to the width and the height to all rows: the panel scrolls, not the grid."""
        cell = max(_LEAST_CELL, self.viewport().width() // _COLUMNS)
        icon = QSize(cell - _GAP, round((cell - _GAP) * self._aspect))
        lines = 3 if any(self._marks_of(entry) for entry in self.entries) else 2
        height = icon.height() + lines * self.fontMetrics().lineSpacing() + _GAP
        self.setIconSize(icon)
        self.setGridSize(QSize(cell, height))
        for row in range(self.count()):
            self.item(row).setSizeHint(QSize(cell, height))
        self.setFixedHeight(-(-max(1, len(self.entries)) // _COLUMNS) * height + 8)

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._make_room()

    def wheelEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Let the wheel scroll the panel."""
        event.ignore()

    @property
    def chosen(self) -> Entry | None:
        """The selected entry."""
        row = self.currentRow()
        return self.entries[row] if 0 <= row < len(self.entries) else None

    def show_entries(self, entries: list[Entry], pictures: dict[Entry, QPixmap] | None = None) -> None:
        """Replace the entries; missing pictures are set later by `set_picture`."""
        kept = pictures or {}
        self.blockSignals(True)
        self.clear()
        self.entries = list(entries)
        for entry in self.entries:
            item = QListWidgetItem()
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            self.addItem(item)
            if entry in kept:
                item.setIcon(_icon_of(kept[entry]))
        self.blockSignals(False)
        self._images = {entry: image for entry, image in self._images.items() if entry in self.entries}
        self.first = self.first if self.first in self.entries else None
        self.second = self.second if self.second in self.entries else None
        self.refresh()

    def set_picture(self, entry: Entry, image: np.ndarray) -> None:
        """Set the thumbnail of an entry, h x w x 3, sRGB-encoded, [0, 1]; ignored if it was removed."""
        if entry in self.entries:
            item = self.item(self.entries.index(entry))
            item.setIcon(_icon_of(pixmap_of(image)))
            self._images[entry] = image
            if len(self._images) == len(self.entries):
                self._name_all()

    def _name_all(self) -> None:
        """Caption all entries, once rendered, by their appearance relative to each other."""
        names = names_of([self._images[entry] for entry in self.entries])
        for entry, name in zip(self.entries, names, strict=True):
            is_plain = isinstance(entry.latent, Latent) and entry.latent.temperature == 0
            entry.caption = _BEST_GUESS if is_plain else name
        self.refresh()

    def picture(self, entry: Entry) -> QPixmap:
        """The thumbnail of an entry."""
        return self.item(self.entries.index(entry)).icon().pixmap(QSize(_WIDEST, _WIDEST))

    def refresh(self) -> None:
        """Update captions, with marks for locked entries and for the ends of the interpolation."""
        for row, entry in enumerate(self.entries):
            lines = [entry.caption, " · ".join(self._marks_of(entry))]
            self.item(row).setText("\n".join(line for line in lines if line))
            self.item(row).setToolTip(f"{entry.caption} ({describe(entry.latent)})")
        self._make_room()

    def _marks_of(self, entry: Entry) -> list[str]:
        marks = [mark for mark, at in (("A", self.first), ("B", self.second)) if at is entry]
        return [*marks, "locked"] if entry.locked else marks

    def _picked(self, row: int) -> None:
        if 0 <= row < len(self.entries):
            self.on_pick(self.entries[row])


def describe(latent: AnyLatent) -> str:
    """A short description of a latent: its seed and temperature, or the seeds that it blends."""
    if isinstance(latent, Latent):
        return f"seed {latent.seed} · T {latent.temperature:.2g}"
    shares = sorted(_shares(latent).items(), key=lambda share: -share[1])
    return " + ".join(f"{share:.0%} seed {seed}" for seed, share in shares if share >= 0.005)


def _shares(latent: AnyLatent) -> dict[int, float]:
    """The share of a latent's variance that each seed contributes."""
    if isinstance(latent, Latent):
        return {latent.seed: 1.0}
    total = sum(weight**2 for _, weight in latent.parts)
    shares: dict[int, float] = {}
    for part, weight in latent.parts:
        for seed, share in _shares(part).items():
            shares[seed] = shares.get(seed, 0.0) + share * weight**2 / total
    return shares


def _icon_of(picture: QPixmap) -> QIcon:
    """An icon that is not tinted when selected, so that its colors can be judged."""
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)
    return icon


def pixmap_of(image: np.ndarray) -> QPixmap:
    """An image h x w x 3, sRGB-encoded in [0, 1], as a thumbnail."""
    values = np.ascontiguousarray(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8))
    height, width = values.shape[:2]
    picture = QImage(values.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    widest = QSize(_WIDEST, _WIDEST)
    return QPixmap.fromImage(picture).scaled(
        widest, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
