"""Saved results are remembered until the photo changes or the result is removed."""

from __future__ import annotations

from pathlib import Path

from napari_plugin.saved_results import SavedResults


def test_a_saved_result_is_remembered_until_something_changes(tmp_path: Path) -> None:
    photo, result, table = tmp_path / "a.jpg", tmp_path / "a.tif", tmp_path / "config" / "saved.json"
    photo.write_bytes(b"photo")
    result.write_bytes(b"result")
    assert SavedResults(table).result_of(photo) is None
    SavedResults(table).note(photo, result)
    assert SavedResults(table).result_of(photo) == result
    photo.write_bytes(b"another photo")
    assert SavedResults(table).result_of(photo) is None
    SavedResults(table).note(photo, result)
    result.unlink()
    assert SavedResults(table).result_of(photo) is None
