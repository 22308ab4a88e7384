"""Long jobs: full size, saving, artifact map, batch; cancelled, closed, and with their layers removed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from llflow_photo import files
from llflow_photo.errors import CancelledError

Until = Callable[..., None]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full-size renderings that run until they are cancelled."""
    import llflow_photo.explore.fullsize as module

    def forever(photo: Any, latents: Any, options: Any, enhancer: Any, progress: Any, cancel: Any) -> Any:
        while not cancel():
            progress(1, 10)
            time.sleep(0.01)
        raise CancelledError("cancelled")

    monkeypatch.setattr(module, "render_full_size", forever)


def test_the_result_equals_the_preview_and_is_saved_with_its_settings(
    widget: Any, until: Until, tmp_path: Path, messages: list[str]
) -> None:
    widget.settings.control("temperature").value = 0.7
    widget.settings.control("seed").value = 11
    until(lambda: not widget.preview.newest.busy)
    widget.apply.apply_button.click()
    assert widget.apply.cancel_button.isEnabled() and not widget.apply.apply_button.isEnabled()
    until(lambda: "night enhanced" in widget.viewer.layers)
    layer = widget.viewer.layers["night enhanced"]
    np.testing.assert_allclose(np.clip(layer.data, 0, 1), widget.preview.rendering.image, atol=0.02)
    assert layer.metadata["settings"]["seed"] == 11
    assert layer.metadata["settings"]["temperature"] == pytest.approx(0.7)
    assert widget.photo.value.name == "night"
    widget.apply.save(tmp_path / "result.tif")
    until(lambda: any("Saved" in message for message in messages))
    saved = files.read(tmp_path / "result.tif")
    assert saved.bit_depth == 16
    assert files.read_settings(saved.metadata)["seed"] == "11"


def test_the_mean_of_the_grid_can_be_applied(widget: Any, until: Until) -> None:
    widget.apply.what.value = "Average of the variations"
    widget.apply.apply_button.click()
    assert not widget.work.running  # there is no grid yet
    widget.explore.count.value = 2
    widget.explore.buttons["draw"].click()
    until(lambda: widget.explore.gallery.count() == 2 and not widget.work.running)
    widget.apply.apply_button.click()
    until(lambda: "night enhanced" in widget.viewer.layers)
    assert widget.viewer.layers["night enhanced"].metadata["settings"]["latent"].startswith("mean of")


def test_cancelling_is_immediate_and_another_run_can_start(
    widget: Any, until: Until, slow: None, messages: list[str]
) -> None:
    widget.apply.apply_button.click()
    until(lambda: widget.apply.bar.maximum() == 10)
    widget.apply.cancel_button.click()
    assert widget.apply.apply_button.isEnabled() and not widget.apply.cancel_button.isEnabled()
    widget.apply.apply_button.click()
    until(lambda: len(widget.work.running) == 1)
    assert not widget.apply.apply_button.isEnabled()
    widget.apply.cancel_button.click()
    until(lambda: not widget.work.running)
    assert "night enhanced" not in widget.viewer.layers and not messages


def test_the_window_responds_during_a_full_size_rendering(widget: Any, until: Until, slow: None) -> None:
    widget.apply.apply_button.click()
    before = widget.preview.rendering
    widget.settings.control("exposure_ev").value = 0.5
    until(lambda: widget.preview.rendering is not before)
    widget.apply.cancel_button.click()


def test_closing_the_viewer_ends_a_running_job(widget: Any, until: Until, slow: None) -> None:
    widget.apply.apply_button.click()
    until(lambda: widget.apply.bar.maximum() == 10)
    work = widget.work
    widget.viewer.close()
    until(lambda: not work.running)


def test_closing_the_dock_ends_a_running_job(widget: Any, until: Until, slow: None) -> None:
    widget.apply.apply_button.click()
    until(lambda: widget.apply.bar.maximum() == 10)
    work = widget.work
    widget.viewer.window.remove_dock_widget(widget)
    until(lambda: not work.running)


def test_all_layers_are_removed_during_jobs(widget: Any, until: Until, messages: list[str]) -> None:
    viewer = widget.viewer
    widget.explore.count.value = 3
    widget.explore.buttons["draw"].click()
    widget.apply.apply_button.click()
    widget.compare_mode.value = "Split line"
    widget.settings.control("temperature").value = 0.9
    viewer.layers.clear()
    assert widget.photo.value is None
    until(lambda: not widget.work.running)
    assert not [message for message in messages if "Error" in message]
    for button in widget.explore.buttons.values():
        button.click()
    widget.compare_mode.value = "Split line"
    widget.split.value = 0.1
    viewer.add_image(np.full((64, 64, 3), 20, np.uint8), rgb=True, name="again")
    until(lambda: widget.preview.rendering is not None or not widget.live.value)


def test_deleting_the_preview_turns_it_off_and_the_check_box_turns_it_on(widget: Any, until: Until) -> None:
    widget.viewer.layers.remove("night preview")
    until(lambda: not widget.live.value)
    assert not widget.preview.enabled
    widget.settings.control("exposure_ev").value = 0.3
    assert not widget.preview.newest.busy
    widget.live.value = True
    until(lambda: "night preview" in widget.viewer.layers)


def test_deleting_the_photo_removes_its_preview(widget: Any, until: Until) -> None:
    widget.viewer.layers.remove("night")
    assert widget.photo.value is None
    until(lambda: "night preview" not in widget.viewer.layers)


def _noise(picture: np.ndarray) -> np.ndarray:
    return picture + np.random.default_rng(0).normal(0, 0.25, picture.shape).astype(np.float32)


def _color_patch(picture: np.ndarray) -> np.ndarray:
    return 0.5 * picture + 0.5 * np.array([0.9, 0.1, 0.1], np.float32)


def test_the_artifact_map_detects_inserted_artifacts(widget: Any, until: Until) -> None:
    widget.settings.control("temperature").value = 0.8
    until(lambda: not widget.preview.newest.busy and widget.preview.rendering.latent.temperature == 0.8)
    found = widget.subject()
    encoded = widget.cache.encoded(found[1], widget.preview.rendering.region, widget.options(), lambda: False)
    clean = encoded.decode(widget.latent())
    planted = np.zeros(clean.shape[:2], bool)
    planted[40:72, 64:104] = True
    for artifact in (_noise, _color_patch):
        name = artifact.__name__
        spoiled = np.where(planted[..., None], np.clip(artifact(clean), 0, 1), clean)
        widget.viewer.add_image(spoiled, rgb=True, name=name, metadata={"settings": {}})
        assert widget.photo.value.name == "night"
        assert name in widget.artifacts.target.choices
        widget.artifacts.target.value = name
        widget.artifacts.button.click()
        assert widget.artifacts.cancel_button.isEnabled() and not widget.artifacts.button.isEnabled()
        until(lambda name=name: f"Artifacts: {name}" in widget.viewer.layers)
        heat = widget.viewer.layers[f"Artifacts: {name}"].data
        assert heat[planted].mean() >= 3 * heat[~planted].mean(), name
        until(widget.artifacts.button.isEnabled)


def test_the_artifact_map_can_be_cancelled(
    widget: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forever(scene: Any, picture: Any, progress: Any, cancel: Any) -> Any:
        while not cancel():
            progress(1, 10)
            time.sleep(0.01)
        raise CancelledError("cancelled")

    monkeypatch.setattr("llflow_photo.engine.artifacts.activation_map", forever)
    widget.artifacts.button.click()
    until(lambda: "1 of 10" in widget.artifacts.status.text())
    widget.artifacts.cancel_button.click()
    assert widget.artifacts.button.isEnabled() and widget.artifacts.status.text() == "Cancelled."
    until(lambda: not widget.work.running)
    assert "Artifacts: Current rendering" not in widget.viewer.layers


def test_a_renamed_layer_stays_the_target_of_the_artifact_map(widget: Any) -> None:
    target = widget.artifacts.target
    layer = widget.viewer.add_image(np.zeros((8, 8, 3), np.float32), rgb=True, name="small")
    target.value = "small"
    layer.name = "edited"
    assert target.value == "edited" and "small" not in target.choices
    widget.viewer.layers.remove(layer)
    assert target.value == "Current rendering"


@pytest.mark.parametrize(
    ("entered", "kind", "written"),
    [
        ("print", "JPEG (*.jpg *.jpeg)", "print.jpg"),
        ("v1.2", "16-bit TIFF (*.tif *.tiff)", "v1.2.tif"),
        ("print", "", "print.tif"),
        ("print.PNG", "JPEG (*.jpg *.jpeg)", "print.PNG"),
    ],
)
def test_a_name_without_suffix_gets_that_of_the_chosen_format(
    widget: Any, until: Until, tmp_path: Path, messages: list[str], monkeypatch: pytest.MonkeyPatch,
    entered: str, kind: str, written: str,
) -> None:  # fmt: skip
    widget.apply.apply_button.click()
    until(lambda: "night enhanced" in widget.viewer.layers)
    monkeypatch.setattr(
        "napari_plugin.apply_panel.QFileDialog.getSaveFileName",
        lambda *_given: (str(tmp_path / entered), kind),
    )
    widget.apply.save_button.click()
    until(lambda: any("Saved" in message for message in messages))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [written]
    if entered != written:  # the dialog has not asked whether to replace this file
        before = (tmp_path / written).stat().st_mtime_ns
        widget.apply.save_button.click()
        until(lambda: any("exists" in message for message in messages))
        assert (tmp_path / written).stat().st_mtime_ns == before


def test_the_artifact_map_rejects_a_picture_of_another_size(widget: Any) -> None:
    widget.viewer.add_image(
        np.zeros((8, 8, 3), np.float32), rgb=True, name="small", metadata={"settings": {}}
    )
    widget.artifacts.target.value = "small"
    widget.artifacts.button.click()
    assert "sizes must agree" in widget.artifacts.status.text() and not widget.work.running


def test_a_batch_runs_with_the_settings_and_can_be_cancelled(
    widget: Any, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llflow_photo.batch import Event, Report

    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(np.full((16, 16, 3), 9, np.uint8)).save(folder / "a.jpg")
    asked: dict[str, Any] = {}

    def batch(path: Path, **given: Any) -> Report:
        asked.update(given, path=path)
        given["progress"](Event("photo", total=4, done=1))
        while asked["wait"] and not given["cancel"]():
            time.sleep(0.01)
        return Report((), given["output"] or tmp_path)

    monkeypatch.setattr("llflow_photo.batch.enhance_dir", batch, raising=False)
    panel = widget.batch
    panel.run_button.click()
    assert not widget.work.running  # no folder yet
    widget.settings.control("strength").value = 0.4
    panel.folder.value = folder
    panel.format.value = "JPEG"
    asked["wait"] = False
    panel.run_button.click()
    until(lambda: "rendered" in panel.status.text())
    assert asked["path"] == folder and asked["options"].strength == pytest.approx(0.4)
    assert asked["encoding"].format == "jpeg"
    asked["wait"] = True
    panel.run_button.click()
    until(lambda: panel.bar.maximum() == 4)
    panel.cancel_button.click()
    until(panel.run_button.isEnabled)
    assert "Cancelled" in panel.status.text()


def test_a_folder_is_enhanced(widget: Any, until: Until, tmp_path: Path) -> None:
    folder, results = tmp_path / "photos", tmp_path / "results"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for name in ("one", "two"):
        Image.fromarray(rng.integers(5, 40, (48, 64, 3), np.uint8)).save(folder / f"{name}.png")
    (folder / "broken.jpg").write_bytes(b"no photo")
    widget.settings.control("exposure_ev").value = 0.5
    panel = widget.batch
    panel.folder.value, panel.output.value = folder, results
    panel.run_button.click()
    assert not panel.run_button.isEnabled() and panel.cancel_button.isEnabled()
    until(panel.run_button.isEnabled)
    written = sorted(path for path in results.rglob("*.tif*"))
    assert len(written) == 2
    made = files.read(written[0])
    assert made.bit_depth == 16 and made.pixels.shape == (48, 64, 3)
    assert made.pixels.mean() > 1.5 * files.read(folder / "one.png").pixels.mean()
    assert float(files.read_settings(made.metadata)["exposure_ev"]) == pytest.approx(0.5)
    assert "2" in panel.status.text() and "1" in panel.status.text()  # two made, one broken
