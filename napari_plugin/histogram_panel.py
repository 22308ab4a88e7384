"""A widget with the histograms of the rendering and the photo."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainter, QPolygonF
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from .histogram import BINS, Histogram

__all__ = ["HistogramPanel"]

_HEIGHT = 64
_COLORS = (QColor(235, 90, 90, 110), QColor(90, 215, 110, 110), QColor(100, 140, 255, 110))


class HistogramPanel(QWidget):
    """Shows the rendering's histogram in colors, the photo's as a line, and the clipped shares as text."""

    def __init__(self) -> None:
        super().__init__()
        self._curves = _Curves()
        self._words = QLabel(" ")
        self._words.setToolTip("Shares of pixels that are black in all channels, or white in at least one")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._curves)
        layout.addWidget(self._words)

    @property
    def text(self) -> str:
        """The text about clipping."""
        return str(self._words.text()).strip()

    def show_pair(self, pair: tuple[Histogram, Histogram] | None) -> None:
        """Show the histograms of photo and rendering; None if there is no rendering."""
        self._curves.show_pair(pair)
        if pair is None:
            self._words.setText(" ")
            return
        before, after = pair
        self._words.setText(
            f"Black {after.black:.1%} (photo {before.black:.1%}), white {after.white:.1%} "
            f"(photo {before.white:.1%})"
        )


class _Curves(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(_HEIGHT)
        self._pair: tuple[Histogram, Histogram] | None = None

    def show_pair(self, pair: tuple[Histogram, Histogram] | None) -> None:
        self._pair = pair
        self.update()

    def paintEvent(self, _event: object) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(0, 0, 0, 90))
        if self._pair is not None:
            before, after = self._pair
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            top = max(np.sqrt(after.shares).max(), np.sqrt(before.shares.mean(0)).max())
            painter.setPen(Qt.PenStyle.NoPen)
            for channel, color in enumerate(_COLORS):
                painter.setBrush(color)
                painter.drawPolygon(self._curve(after.shares[channel], top, closed=True))
            painter.setPen(QColor(230, 230, 230))
            painter.drawPolyline(self._curve(before.shares.mean(0), top, closed=False))
        painter.end()

    def _curve(self, shares: np.ndarray, top: float, closed: bool) -> QPolygonF:
        """The outline of a histogram, of square roots so that small shares remain visible."""
        width, height = self.width(), self.height()
        heights = np.sqrt(shares) / top
        points = [
            QPointF((bin_ + 0.5) * width / BINS, height * (1.0 - 0.95 * float(share)))
            for bin_, share in enumerate(heights)
        ]
        if closed:
            points = [QPointF(points[0].x(), height), *points, QPointF(points[-1].x(), height)]
        return QPolygonF(points)
