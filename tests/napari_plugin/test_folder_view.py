"""The filmstrip in a real window: thumbnails, opening, settings per photo, batches, marks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from plugin_helpers import Pulse
from qtpy.QtCore import QPoint, Qt

from llflow_photo import files
from llflow_photo.batch import Event, PhotoRecord, PhotoState, Report
from llflow_photo.options import Options
from napari_plugin.batch_run import BatchRequest
from napari_plugin.stored_settings import StoredSettings
from napari_plugin.view import camera, is_at_full_resolution, sees_all_of

Until = Callable[..., None]


def _click(folder_view: Any, source: str, qtbot: Any) -> None:
    strip = folder_view.strip
    item = strip.list.item(strip.sources.index(source))
    strip.list.scrollToItem(item)
    place = strip.list.visualItemRect(item).center()
    qtbot.mouseClick(strip.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))


def test_a_folder_is_shown_below_the_canvas(window: Any, folder_view: Any) -> None:
    assert folder_view.strip.sources == ["a.jpg", "b.png", "c[1].jpg", "d.jpg", "e.jpg", "more/f.jpg"]
    assert folder_view.strip.isVisible() and folder_view.strip.window() is window.window()
    assert (
        folder_view.strip.mapToGlobal(QPoint(0, 0)).y() > window.canvas.widget.mapToGlobal(QPoint(0, 0)).y()
    )
    assert "6 photos" in folder_view.strip._status.text()


def test_a_click_opens_a_photo_and_another_one_returns_to_it(
    window: Any, folder_view: Any, until: Until, qtbot: Any
) -> None:
    layers = window.viewer.layers
    _click(folder_view, "a.jpg", qtbot)
    assert window.photo.value.name == "a" and window.photo.value.data.shape == (60, 90, 3)
    window.settings.control("exposure_ev").value = 1.5
    _click(folder_view, "b.png", qtbot)
    assert window.photo.value.name == "b" and not layers["a"].visible
    window.settings.control("exposure_ev").value = -1.0
    until(lambda: "b preview" in layers and not window.preview.newest.busy)
    _click(folder_view, "a.jpg", qtbot)
    assert window.photo.value == layers["a"] and layers["a"].visible and not layers["b"].visible
    assert window.settings.control("exposure_ev").value == 1.5
    assert folder_view.strip.marks("a.jpg") == {"edited"} and not folder_view.strip.marks("d.jpg")
    assert [layer.name for layer in layers if layer.name in ("a", "b")] == ["a", "b"]


def test_the_oldest_photos_are_closed_and_their_settings_kept(
    window: Any, folder_view: Any, until: Until, config_folder: Path
) -> None:
    folder_view.open("a.jpg")
    window.settings.control("strength").value = 0.25
    for source in ("b.png", "c[1].jpg", "d.jpg"):
        folder_view.open(source)
        window.settings.control("strength").value = 1.0
    until(lambda: not {"a", "a preview"} & {layer.name for layer in window.viewer.layers})
    assert "b" in window.viewer.layers
    folder_view.open("a.jpg")
    assert window.settings.control("strength").value == 0.25
    until((config_folder / "photos.json").exists)
    kept = StoredSettings(config_folder / "photos.json")
    assert kept.get(str(folder_view.states["a.jpg"].path)) == Options(strength=0.25)


def test_photos_of_another_folder_are_not_marked_by_a_batch(
    window: Any, folder_view: Any, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def batch(path: Path, **given: Any) -> Report:
        go_on.wait(60)
        row = PhotoRecord("a.jpg", "failed", "why")
        given["progress"](Event("photo", total=1, done=1, row=row))
        return Report((row,), path)

    monkeypatch.setattr("llflow_photo.batch.enhance_dir", batch)
    window.batch.run_button.click()
    other = tmp_path / "other"
    other.mkdir()
    Image.new("RGB", (40, 40)).save(other / "a.jpg")
    window.batch.folder.value = other
    until(lambda: list(folder_view.states) == ["a.jpg"])
    go_on.set()
    until(window.batch.run_button.isEnabled)
    assert folder_view.strip.marks("a.jpg") == set()


def test_settings_are_copied_to_selected_photos_and_can_be_undone(
    window: Any, folder_view: Any, until: Until
) -> None:
    folder_view.open("b.png")
    folder_view.open("a.jpg")
    window.settings.control("brightness").value = 0.5
    folder_view.strip.select(["b.png", "e.jpg"])
    folder_view.strip.copy_button.click()
    assert [source for source in folder_view.states if "edited" in folder_view.strip.marks(source)] == [
        "a.jpg", "b.png", "e.jpg",
    ]  # fmt: skip
    folder_view.open("e.jpg")
    assert window.settings.control("brightness").value == 0.5
    folder_view.open("b.png")
    assert window.settings.control("brightness").value == 0.5
    window.view_panel.buttons["undo"].click()
    assert window.settings.control("brightness").value == 0.0


def test_each_photo_is_rendered_with_its_own_settings_and_marked(
    window: Any, folder_view: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Options, tuple[str, ...]]] = []

    def batch(path: Path, **given: Any) -> Report:
        asked.append((given["options"], tuple(given["include"])))
        rows = tuple(
            PhotoRecord(
                name.removeprefix("./").replace("[[]", "["), "failed" if "e.jpg" in name else "done", "why"
            )
            for name in given["include"]
        )
        for number, row in enumerate(rows):
            given["progress"](Event("photo", total=len(rows), done=number + 1, row=row))
        return Report(rows, path)

    monkeypatch.setattr("llflow_photo.batch.enhance_dir", batch, raising=False)
    monkeypatch.setattr(folder_view, "refresh", lambda: None)  # no file was written
    folder_view.open("a.jpg")
    window.settings.control("exposure_ev").value = 1.0
    folder_view.open("b.png")
    window.settings.control("exposure_ev").value = 0.0
    folder_view.strip.select(["a.jpg", "c[1].jpg", "e.jpg"])
    folder_view.strip.enhance_button.click()
    until(window.batch.run_button.isEnabled)
    plain, bright = Options(model=window.options().model), Options(exposure_ev=1.0)
    assert asked == [(bright, ("./a.jpg",)), (plain, ("./c[[]1].jpg", "./e.jpg"))]
    assert "done" in folder_view.strip.marks("a.jpg") and "done" in folder_view.strip.marks("c[1].jpg")
    assert folder_view.strip.marks("e.jpg") == {"failed"} and "done" not in folder_view.strip.marks("b.png")


def test_finished_photos_are_marked_after_a_restart_unless_changed(
    window: Any, folder_view: Any, until: Until, folder: Path
) -> None:
    folder_view.open("a.jpg")
    window.settings.control("exposure_ev").value = 1.0
    folder_view.strip.select(["a.jpg", "c[1].jpg"])
    folder_view.strip.enhance_button.click()
    until(window.batch.run_button.isEnabled)
    results = folder.with_name("photos-enhanced")
    assert sorted(path.name for path in results.glob("*.tif")) == ["a.tif", "c[1].tif"]
    made = files.read_settings(files.read(results / "a.tif").metadata)
    assert float(made["exposure_ev"]) == 1.0
    folder_view.strip.show_photos((), lambda source: False)
    folder_view.folder = None
    window.batch.folder.value = ""
    window.batch.folder.value = folder  # as after a restart
    until(lambda: folder_view.strip.sources and "done" in folder_view.strip.marks("c[1].jpg"))
    assert folder_view.strip.marks("a.jpg") == {"done", "edited"} and not folder_view.strip.marks("d.jpg")
    Image.new("RGB", (40, 40)).save(folder / "a.jpg")
    folder_view.refresh()
    until(lambda: folder_view.strip.marks("a.jpg") == {"edited"})


def test_a_photo_is_marked_when_its_result_is_saved(
    window: Any, folder_view: Any, until: Until, folder: Path, tmp_path: Path
) -> None:
    folder_view.open("a.jpg")
    window.apply.apply_button.click()
    until(lambda: "a enhanced" in window.viewer.layers and not window.work.running)
    window.apply.save(tmp_path / "saved.tif")
    until(lambda: folder_view.strip.marks("a.jpg") == {"done"})
    assert not folder_view.strip.marks("b.png")
    folder_view.strip.set_state(PhotoState(folder / "a.jpg", "a.jpg"))
    folder_view.refresh()  # as after a restart
    until(lambda: folder_view.strip.marks("a.jpg") == {"done"})
    (tmp_path / "saved.tif").unlink()
    folder_view.refresh()
    until(lambda: not folder_view.strip.marks("a.jpg"))


def test_a_photo_opened_again_is_selected_and_not_covered_by_a_result_of_another(
    window: Any, folder_view: Any, until: Until
) -> None:
    layers = window.viewer.layers
    folder_view.open("a.jpg")
    folder_view.open("b.png")
    window.apply.apply_button.click()
    until(lambda: "b enhanced" in layers and not window.work.running)
    folder_view.open("a.jpg")
    assert not layers["b enhanced"].visible and not layers["b"].visible
    assert layers["a"].visible and layers.selection.active == layers["a"]
    assert layers["night"].visible  # it is not from the folder


def test_the_window_responds_while_a_large_folder_is_listed(
    window: Any, tmp_path: Path, until: Until
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    Image.effect_noise((1600, 1200), 40).convert("RGB").save(folder / "0.jpg")
    for number in range(1, 400):
        (folder / f"{number}.jpg").hardlink_to(folder / "0.jpg")
    pulse = Pulse()
    window.batch.folder.value = folder
    until(lambda: len(window.folder_view.states) == 400)
    until(
        lambda: all(
            window.folder_view.strip.has_picture(source) for source in window.folder_view.strip.in_view()
        )
    )
    window.folder_view.strip.list.horizontalScrollBar().setValue(10**6)
    last = window.folder_view.strip.sources[-1]
    until(lambda: window.folder_view.strip.has_picture(last))
    assert pulse.stop() < 0.15
    assert not all(
        map(window.folder_view.strip.has_picture, window.folder_view.strip.sources)
    )  # visible ones are read first


def test_closing_the_panel_removes_the_filmstrip_and_saves_settings(
    window: Any, folder_view: Any, config_folder: Path, until: Until
) -> None:
    folder_view.open("a.jpg")
    window.settings.control("strength").value = 0.5
    window.shut_down()
    assert StoredSettings(config_folder / "photos.json").names == [str(folder_view.states["a.jpg"].path)]
    assert not folder_view.strip.isVisible()


def test_a_photo_that_was_entirely_visible_is_so_above_the_filmstrip(
    window: Any, folder: Path, until: Until, qtbot: Any
) -> None:
    window.fit()
    until(lambda: not window.preview.newest.busy)
    height = window.canvas.size[1]
    window.batch.folder.value = folder
    until(lambda: window.canvas.size[1] < height)
    until(lambda: sees_all_of(window.viewer, window.photo.value, window.canvas.size))
    window.full_resolution()
    center = camera(window.viewer).center
    window.folder_view._dock.hide()
    window.batch.output.value = folder / "results"  # shows it again
    until(lambda: window.canvas.size[1] < height)
    qtbot.wait(300)  # longer than the view takes to rest
    assert is_at_full_resolution(window.viewer, window.photo.value, window.canvas.pixel_ratio)
    assert camera(window.viewer).center == center


def test_the_photo_that_is_open_already_is_selected(window: Any, folder: Path, until: Until) -> None:
    window.viewer.open(str(folder / "d.jpg"), plugin="llflow-photo")
    window.batch.folder.value = folder
    until(lambda: window.folder_view.states)
    assert window.folder_view.strip.selected == ["d.jpg"]


def test_the_photo_opened_longest_ago_is_closed_after_the_new_one_is_shown(
    window: Any, folder_view: Any, until: Until
) -> None:
    photos = window.viewer.layers
    for source in ("a.jpg", "b.png", "d.jpg", "e.jpg"):
        folder_view.open(source)
    assert window.photo.value == photos["e"] and "a" in photos  # closing takes napari some time
    until(lambda: "a" not in photos)
    assert "b" in photos and "d" in photos and window.photo.value == photos["e"]


def test_a_photo_that_cannot_be_opened_gives_an_error(
    window: Any, folder_view: Any, folder: Path, messages: list[str]
) -> None:
    (folder / "a.jpg").write_bytes(b"no photo")
    folder_view.open("a.jpg")
    assert any("a.jpg" in message for message in messages)
    assert "a" not in window.viewer.layers


def test_a_folder_that_is_still_being_listed_is_rendered_with_its_own_settings(
    window: Any, folder_view: Any, tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_view.open("a.jpg")
    window.settings.control("strength").value = 0.25
    other, listed = tmp_path / "other", threading.Event()
    other.mkdir()
    for name in ("a.jpg", "z.jpg"):
        Image.new("RGB", (40, 40)).save(other / name)
    folder_view._stored.put(str(other / "z.jpg"), Options(strength=0.75))
    requests: list[BatchRequest] = []
    monkeypatch.setattr(
        "napari_plugin.batch_panel.run_request",
        lambda request, job: requests.append(request) or Report((), request.folder),
    )
    states_of = folder_view._states_of
    monkeypatch.setattr(folder_view, "_states_of", lambda *given: listed.wait(60) and states_of(*given))
    window.batch.folder.value = other
    assert not folder_view.states and not folder_view.strip.sources
    window.batch.run()
    listed.set()
    until(window.batch.run_button.isEnabled)
    until(lambda: folder_view.strip.sources == ["a.jpg", "z.jpg"])
    assert [at.strength for at in requests[0].own.values()] == [0.75] and requests[0].folder == other


def test_a_folder_chosen_again_is_listed_again(
    window: Any, folder_view: Any, folder: Path, until: Until
) -> None:
    folder_view.strip.select(["b.png"])
    (folder / "a.jpg").rename(folder / "new.jpg")
    window.batch.folder.line_edit.native.editingFinished.emit()
    until(lambda: "new.jpg" in folder_view.strip.sources and folder_view.strip.has_picture("new.jpg"))
    assert "a.jpg" not in folder_view.states and folder_view.strip.selected == ["b.png"]


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x", "x" * 300])
def test_an_impossible_folder_does_not_exist(window: Any, name: str, messages: list[str]) -> None:
    window.batch.folder.line_edit.value = name
    window.batch.run()
    assert window.folder_view.folder is None
    assert any("does not exist" in message for message in messages)
