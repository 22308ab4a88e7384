"""Presets: settings saved under a name, applicable to any photo."""

from __future__ import annotations

from collections.abc import Callable

from napari.utils.notifications import show_error
from qtpy.QtWidgets import QHBoxLayout, QInputDialog, QWidget

from llflow_photo.options import Options

from .controls import Choice, button
from .stored_settings import StoredSettings

__all__ = ["PresetRow"]

_NONE = "—"
"""Shown if no preset is chosen."""


class PresetRow(QWidget):
    """A list of presets, with buttons to save the current settings and to delete a preset.

    Args:
        stored: the storage of presets.
        ask: returns the current settings.
        use: called with the settings of the chosen preset.

    Attributes:
        choice: the list.
    """

    def __init__(
        self, stored: StoredSettings, ask: Callable[[], Options], use: Callable[[Options], None]
    ) -> None:
        super().__init__()
        self._stored, self._ask, self._use = stored, ask, use
        self.choice = Choice((_NONE,), "Settings saved under a name")
        self.save_button = button("Save…", "Save the current settings under a name", self.save)
        self.delete_button = button("Delete", "Delete the chosen preset", self.delete)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.choice, 1)
        layout.addWidget(self.save_button)
        layout.addWidget(self.delete_button)
        self._show_names(_NONE)
        self.choice.changed.connect(self._chosen)

    def save(self, name: str | None = None) -> None:
        """Save the current settings; show a dialog for the name unless it is given."""
        if name is None:
            before = "" if self.choice.value == _NONE else self.choice.value
            name, agreed = QInputDialog.getText(self, "Save a preset", "Name", text=before)
            if not agreed:
                return
        name = name.strip()
        if name in ("", _NONE):
            return
        self._stored.put(name, self._ask())
        self._keep()
        self._show_names(name)

    def delete(self) -> None:
        """Delete the chosen preset."""
        if self.choice.value != _NONE:
            self._stored.remove(self.choice.value)
            self._keep()
            self._show_names(_NONE)

    def settings_changed(self) -> None:
        """Deselect the preset if the controls now differ from it."""
        chosen = self.choice.value
        if chosen != _NONE and self._stored.get(chosen) != self._of_the_picture():
            self._show_names(_NONE)

    def _of_the_picture(self) -> Options:
        """The current settings as they would be stored in a preset."""
        plain = Options()
        return self._ask().with_changes(samples=plain.samples, device=plain.device, tile=plain.tile)

    def _chosen(self, name: str) -> None:
        found = self._stored.get(name)
        self.delete_button.setEnabled(found is not None)
        if found is not None:
            self._use(found.with_changes(device=self._ask().device))

    def _keep(self) -> None:
        try:
            self._stored.save()
        except OSError as error:
            show_error(f"The preset cannot be saved: {self._stored.path}: {error.strerror or error}")

    def _show_names(self, chosen: str) -> None:
        self.choice.blockSignals(True)
        self.choice.choices = [_NONE, *self._stored.names]
        self.choice.value = chosen
        self.choice.blockSignals(False)
        self.delete_button.setEnabled(chosen != _NONE)
