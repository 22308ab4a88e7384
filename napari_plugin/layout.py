"""Layout of the panel: the main controls, then tabs for variations, folders and research."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from .settings import MACHINE, PICTURE, VARIATION, rows

if TYPE_CHECKING:
    from .widget import EnhanceWidget

__all__ = ["lay_out", "make_room"]

_LEAST_WIDTH = 390


def lay_out(panel: EnhanceWidget) -> None:
    """Fill an empty panel: one column that scrolls; changing texts do not move the controls."""
    settings = panel.settings
    inner = QWidget()
    column = QVBoxLayout(inner)
    picture = [settings.control(name) for name in PICTURE]
    for part in (
        rows([("Photo", panel.photo)]),
        panel.view_panel,
        rows(
            [
                ("Preset", panel.presets),
                *picture,
                ("Look", settings.look_row),
                ("", settings.switches),
            ]
        ),
        panel.histogram,
        panel.comparing,
        panel.apply,
    ):
        column.addWidget(part)
    panel.tabs = QTabWidget()
    for name, tab in (
        ("Variations", panel.explore), ("Folder", panel.batch), ("Research", _research(panel)),
    ):  # fmt: skip
        panel.tabs.addTab(tab, name)
    column.addWidget(panel.tabs)
    column.addStretch()
    panel.scroll_area = QScrollArea()
    panel.scroll_area.setWidget(inner)
    panel.scroll_area.setWidgetResizable(True)
    panel.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
    panel.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    outer = QVBoxLayout(panel)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.addWidget(panel.scroll_area)
    make_room(panel)


def _research(panel: EnhanceWidget) -> QWidget:
    """The Research tab: model and device, latent noise, statistics, artifact map."""
    settings = panel.settings
    tab = QWidget()
    column = QVBoxLayout(tab)
    machine = [(name.capitalize(), settings.control(name)) for name in MACHINE]
    noise = [settings.control(name) for name in VARIATION]
    column.addWidget(rows([*machine, *noise, ("Seed", settings.seed_row)]))
    column.addWidget(_heading("Statistics of the variations"))
    column.addWidget(panel.statistics)
    column.addWidget(_heading("Artifact map"))
    column.addWidget(panel.artifacts)
    column.addStretch()
    return tab


def _heading(text: str) -> QLabel:
    made = QLabel(f"<b>{text}</b>")
    made.setTextFormat(Qt.TextFormat.RichText)
    return made


def make_room(panel: EnhanceWidget) -> None:
    """Set the minimum width to that of the controls and the scroll bar."""
    inner, bar = panel.scroll_area.widget(), panel.scroll_area.verticalScrollBar()
    panel.setMinimumWidth(max(_LEAST_WIDTH, inner.minimumSizeHint().width() + bar.sizeHint().width() + 4))
