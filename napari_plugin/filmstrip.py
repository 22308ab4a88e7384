"""The strip of thumbnails below the canvas, with marks for edited, finished and failed photos."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtGui import QColor, QIcon, QImage, QPainter, QPen, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from llflow_photo.batch import PhotoState

from .controls import button

__all__ = ["THUMBNAIL_SIDE", "Filmstrip"]

THUMBNAIL_SIDE = 112
_ICON = QSize(THUMBNAIL_SIDE, 84)
_CELL = QSize(THUMBNAIL_SIDE + 12, 110)
_MARK = 16
"""Side length of the marks in a thumbnail's corner, in logical pixels."""
_COLORS = {"done": QColor(60, 170, 80), "failed": QColor(210, 70, 60), "edited": QColor(230, 160, 40)}
_SYMBOLS = {"done": "✓", "failed": "!", "edited": "±"}
_TIPS = {
    "done": "Its result exists.",
    "edited": "It has its own settings.",
}


class Filmstrip(QWidget):
    """A row of thumbnails, with buttons that act on the selected ones.

    Attributes:
        on_copy: called with the selected photos, to copy the current photo's settings to them.
        on_enhance: called with the selected photos, to render them.
        on_open: called with the source of the clicked photo.
        on_scroll: called with the sources in view after scrolling.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_copy: Callable[[list[str]], None] = lambda sources: None
        self.on_enhance: Callable[[list[str]], None] = lambda sources: None
        self.on_open: Callable[[str], None] = lambda source: None
        self.on_scroll: Callable[[list[str]], None] = lambda sources: None
        self._items: dict[str, QListWidgetItem] = {}
        self._pictures: dict[str, np.ndarray | None] = {}
        self._ratio = self.devicePixelRatioF()
        self._marks: dict[str, set[str]] = {}
        self._reasons: dict[str, str] = {}
        self.list = _row_of_thumbnails()
        self.list.itemClicked.connect(lambda item: self.on_open(item.data(_SOURCE)))
        self.list.itemActivated.connect(lambda item: self.on_open(item.data(_SOURCE)))
        self.list.itemSelectionChanged.connect(self._update_selection)
        self.copy_button = button(
            "Copy settings",
            "Copy the settings of the current photo to the selected photos",
            lambda: self.on_copy(self.selected),
        )
        self.enhance_button = button(
            "Enhance selected",
            "Render the selected photos into the output folder",
            lambda: self.on_enhance(self.selected),
        )
        self._status = QLabel(" ")
        self._status.setWordWrap(True)
        self._scrolled = QTimer(self)
        self._scrolled.setSingleShot(True)
        self._scrolled.setInterval(60)
        self._scrolled.timeout.connect(lambda: self.on_scroll(self.in_view()))
        self.list.horizontalScrollBar().valueChanged.connect(lambda _at: self._scrolled.start())
        self._lay_out()
        self._update_selection()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        column = QVBoxLayout()
        for part in (self.copy_button, self.enhance_button, self._status):
            column.addWidget(part)
        column.addStretch()
        row.addLayout(column)
        row.addWidget(self.list, 1)
        width = max(self.copy_button.sizeHint().width(), self.enhance_button.sizeHint().width())
        self._status.setFixedWidth(width)

    @property
    def sources(self) -> list[str]:
        """The sources of all photos, in display order."""
        return list(self._items)

    @property
    def selected(self) -> list[str]:
        """The sources of the selected photos, in display order."""
        return [source for source, item in self._items.items() if item.isSelected()]

    def select(self, sources: Iterable[str]) -> None:
        """Select these photos and no others."""
        wanted = set(sources)
        for source, item in self._items.items():
            item.setSelected(source in wanted)

    def show_photos(self, states: Iterable[PhotoState], edited: Callable[[str], bool]) -> None:
        """Replace the photos, at first without thumbnails.

        Args:
            edited: returns whether a photo has its own settings.
        """
        self.list.clear()
        self._items, self._pictures, self._marks, self._reasons = {}, {}, {}, {}
        for state in states:
            item = QListWidgetItem(state.path.name)
            item.setData(_SOURCE, state.source)
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
            item.setSizeHint(_CELL)
            self._items[state.source] = item
            self._marks[state.source] = {"edited"} if edited(state.source) else set()
            self._set_status(state)
            self._paint(state.source)
            self.list.addItem(item)
        self._update_selection()

    def event(self, event: QEvent) -> bool:
        """Paint the thumbnails again when the strip is shown on a screen of another pixel ratio."""
        handled = bool(super().event(event))
        if event.type() in _SCREEN_EVENTS and self.devicePixelRatioF() != self._ratio:
            self._ratio = self.devicePixelRatioF()
            for source in self._items:
                self._paint(source)
        return handled

    def _set_status(self, state: PhotoState) -> None:
        marks = self._marks[state.source]
        marks -= {"done", "failed"}
        if state.status != "new":
            marks.add(state.status)
        self._reasons[state.source] = state.reason

    def set_picture(self, source: str, image: np.ndarray | None) -> None:
        """Set a photo's thumbnail, h x w x 3, uint8; None if the file has none."""
        if source in self._items:
            self._pictures[source] = image
            self._paint(source)

    def set_state(self, state: PhotoState) -> None:
        """Mark a photo as done or failed."""
        if state.source in self._items:
            self._set_status(state)
            self._paint(state.source)

    def set_edited(self, source: str, edited: bool) -> None:
        """Mark whether a photo has its own settings."""
        if source in self._items and (("edited" in self._marks[source]) != edited):
            self._marks[source] ^= {"edited"}
            self._paint(source)

    def marks(self, source: str) -> set[str]:
        """The marks of a photo: ``done``, ``failed``, ``edited``."""
        return set(self._marks[source])

    def has_picture(self, source: str) -> bool:
        return source in self._pictures

    def make_current(self, source: str) -> None:
        """Select the current photo."""
        item = self._items.get(source)
        if item is not None and self.list.currentItem() is not item:
            self.list.setCurrentItem(item)

    def in_view(self) -> list[str]:
        """The sources of the visible thumbnails."""
        seen = self.list.viewport().rect()
        return [
            source for source, item in self._items.items() if self.list.visualItemRect(item).intersects(seen)
        ]

    def _update_selection(self) -> None:
        count, chosen = len(self._items), len(self.list.selectedItems())
        photos = "1 photo" if count == 1 else f"{count} photos"
        self._status.setText(f"{photos}, {chosen} selected" if chosen else photos)
        for made in (self.copy_button, self.enhance_button):
            made.setEnabled(chosen > 0)

    def _paint(self, source: str) -> None:
        item, marks = self._items[source], self._marks[source]
        marked = _marked(_pixmap_of(self._pictures.get(source), self._ratio), marks)
        icon = QIcon(marked)
        icon.addPixmap(marked, QIcon.Mode.Selected)  # otherwise Qt tints selected thumbnails
        item.setIcon(icon)
        words = [source, *(_TIPS[mark] for mark in sorted(marks) if mark in _TIPS), self._reasons[source]]
        item.setToolTip("\n".join(word for word in words if word))


# Bindings name only some of these; the second is of Qt 6.6, the third is sent by older versions, too.
_SCREEN_EVENTS = {
    getattr(QEvent.Type, name)
    for name in ("Show", "DevicePixelRatioChange", "ScreenChangeInternal")
    if hasattr(QEvent.Type, name)
}
_SOURCE = int(Qt.ItemDataRole.UserRole)


def _row_of_thumbnails() -> QListWidget:
    made = QListWidget()
    made.setViewMode(QListView.ViewMode.IconMode)
    made.setFlow(QListView.Flow.LeftToRight)
    made.setWrapping(False)
    made.setMovement(QListView.Movement.Static)
    made.setUniformItemSizes(True)
    made.setIconSize(_ICON)
    made.setGridSize(_CELL)
    made.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    made.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    made.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    made.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
    made.setFixedHeight(_CELL.height() + made.horizontalScrollBar().sizeHint().height() + 6)
    return made


def _pixmap_of(image: np.ndarray | None, ratio: float) -> QPixmap:
    """A picture centered in a thumbnail's area; an empty frame for None.

    Args:
        ratio: physical pixels of the screen per logical pixel of the window.
    """
    area = QSize(round(_ICON.width() * ratio), round(_ICON.height() * ratio))
    place = QPixmap(area)
    place.fill(QColor(0, 0, 0, 0))
    painter = QPainter(place)
    if image is None:
        painter.setPen(QColor(130, 130, 130))
        painter.drawRect(0, 0, area.width() - 1, area.height() - 1)
    else:
        values = np.ascontiguousarray(image)
        height, width = values.shape[:2]
        made = QImage(values.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        scaled = made.scaled(
            area, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        painter.drawImage(
            (area.width() - scaled.width()) // 2, (area.height() - scaled.height()) // 2, scaled
        )
    painter.end()
    place.setDevicePixelRatio(ratio)
    return place


def _marked(picture: QPixmap, marks: set[str]) -> QPixmap:
    """A copy of a thumbnail with marks in its top right corner."""
    made = QPixmap(picture)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    right = _ICON.width() - _MARK - 2
    for mark in sorted(marks):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_COLORS[mark])
        painter.drawEllipse(right, 2, _MARK, _MARK)
        painter.setPen(QPen(QColor(255, 255, 255)))
        painter.drawText(right, 2, _MARK, _MARK, int(_CENTER), _SYMBOLS[mark])
        right -= _MARK + 2
    painter.end()
    return made


_CENTER: Any = Qt.AlignmentFlag.AlignCenter.value
