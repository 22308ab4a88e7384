"""Stored settings: only differences from the defaults, written safely."""

from __future__ import annotations

import json
import os
from pathlib import Path

from llflow_photo.options import Options
from napari_plugin.stored_settings import StoredSettings, differences


def test_only_what_differs_from_the_defaults_is_kept(tmp_path: Path) -> None:
    stored = StoredSettings(tmp_path / "deep" / "presets.json")
    stored.put("Street", Options(exposure_ev=0.5, device="cpu", samples=3))
    stored.put("Plain", Options())
    stored.save()
    assert json.loads(stored.path.read_text()) == {"Plain": {}, "Street": {"exposure_ev": 0.5}}
    again = StoredSettings(stored.path)
    assert again.names == ["Plain", "Street"]
    assert again.get("Street") == Options(exposure_ev=0.5) and again.get("Plain") == Options()
    assert again.get("none") is None
    again.remove("Street")
    again.save()
    assert StoredSettings(stored.path).names == ["Plain"]


def test_changes_of_other_windows_are_kept(tmp_path: Path) -> None:
    first, second = (StoredSettings(tmp_path / "photos.json") for _ in range(2))
    first.put("a", Options(strength=0.5))
    first.save()
    second.put("b", Options(strength=0.25))
    second.save()
    assert StoredSettings(tmp_path / "photos.json").names == ["a", "b"]


def test_unsupported_stored_options_keep_their_default(tmp_path: Path) -> None:
    path = tmp_path / "presets.json"
    path.write_text(json.dumps({"x": {"strength": 0.5, "no_such_option": 1, "exposure_ev": "much"}}))
    assert StoredSettings(path).get("x") == Options(strength=0.5)


def test_a_damaged_file_is_renamed_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "presets.json"
    path.write_text('{"x": {"stren')
    stored = StoredSettings(path)
    assert stored.names == [] and (tmp_path / "presets.json.damaged").read_text() == '{"x": {"stren'
    stored.put("y", Options())
    stored.save()
    assert StoredSettings(path).names == ["y"]


def test_differences_exclude_options_of_the_computation() -> None:
    assert differences(Options(tile=256, device="cpu", samples=9, seed=4)) == {"seed": 4}


def test_names_that_are_not_utf_8_are_kept(tmp_path: Path) -> None:
    name = os.fsdecode(b"/photos/caf\xe9.jpg")
    stored = StoredSettings(tmp_path / "photos.json")
    stored.put(name, Options(strength=0.5))
    stored.put("/photos/b\N{LATIN SMALL LETTER A WITH DIAERESIS}r.jpg", Options())
    stored.save()
    assert set(StoredSettings(stored.path).names) == set(stored.names)
    assert StoredSettings(stored.path).get(name) == Options(strength=0.5)
