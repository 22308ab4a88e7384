"""Presets in the panel: saved by name, applied to another photo, undone, kept after a restart."""

from __future__ import annotations

from typing import Any

from llflow_photo.options import Options
from napari_plugin.presets import PresetRow
from napari_plugin.stored_settings import StoredSettings


def test_a_preset_is_saved_used_undone_and_deleted(window: Any, config_folder: Any, qtbot: Any) -> None:
    row, control = window.presets, window.settings.control
    control("exposure_ev").value, control("protect_highlights").value = 0.5, False
    row.save("Street")
    assert row.choice.value == "Street"
    control("exposure_ev").value = -1.0
    window.steps.settle()
    assert row.choice.value == "—"  # the controls differ from the preset
    row.choice.value = "Street"
    assert control("exposure_ev").value == 0.5 and not control("protect_highlights").value
    assert row.choice.value == "Street"
    window.view_panel.buttons["undo"].click()
    assert control("exposure_ev").value == -1.0
    again = PresetRow(StoredSettings(config_folder / "presets.json"), Options, lambda options: None)
    qtbot.addWidget(again)
    assert again.choice.choices == ("—", "Street")
    again.choice.value = "Street"
    again.delete()
    assert StoredSettings(config_folder / "presets.json").names == []


def test_a_preset_without_a_name_is_not_saved(window: Any, config_folder: Any) -> None:
    window.presets.save("  ")
    assert window.presets.choice.choices == ("—",) and not (config_folder / "presets.json").exists()


def test_a_preset_does_not_change_the_device(window: Any, config_folder: Any) -> None:
    control = window.settings.control
    control("strength").value = 0.5
    window.presets.save("Soft")
    control("strength").value, control("device").value = 0.9, "cpu"
    window.presets.choice.value = "Soft"
    assert control("strength").value == 0.5 and control("device").value == "cpu"
