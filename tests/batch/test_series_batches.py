"""Batches of time-lapses: no flicker, and reproducible bytes."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch_helpers import make_batch
from PIL import Image

from llflow_photo import enhance_dir, models
from llflow_photo.batch import Report
from llflow_photo.batch.recording.manifest import MANIFEST_NAME, read_manifest
from llflow_photo.batch.recording.page import page_of
from llflow_photo.batch.run import run_batch
from llflow_photo.batch.selecting.series import DEFAULT_GAP_S, SeriesRules
from llflow_photo.camera import develop_many, night, simulate_night_raw
from llflow_photo.camera.light import Lamp
from llflow_photo.files import Capture, Encoding, read, read_settings, write
from llflow_photo.files.metadata.exif_fields import exif_directories
from llflow_photo.files.tiff.directory import exif_block
from llflow_photo.photo import Metadata, Photo

Run = Callable[..., Any]
Photos = Callable[..., Path]
Hashes = Callable[[Path], dict[str, str]]
FRAMES = 10
LIT = (2, 3, 6)
LAMP = Lamp(0.2, 0.2, 0.012, 8.0, 0.05, 0.02, (1.0, 0.8, 0.5))
LUMA = np.array((0.2126, 0.7152, 0.0722))


@pytest.fixture(scope="module")
def time_lapse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames of one dark scene, ten seconds apart; a lamp is lit in some of them."""
    folder = tmp_path_factory.mktemp("photos") / "lapse"
    folder.mkdir()
    y, x = np.mgrid[0:96, 0:144].astype(np.float32)
    scene = np.stack([0.3 + 0.3 * np.sin(x / 17), 0.4 + 0.2 * np.cos(y / 11), 0.5 + x / 400], 2)
    dark = night(-3.0)
    settings = [replace(dark, lamps=(LAMP,)) if number in LIT else dark for number in range(FRAMES)]
    frames = develop_many(
        [
            simulate_night_raw(scene, each, np.random.default_rng(number))
            for number, each in enumerate(settings)
        ]
    )
    for number, frame in enumerate(frames):
        minutes, seconds = divmod(10 * number, 60)
        fields = {"Make": "Demo", "Model": "One", "ExposureTime": (1, 2), "ISOSpeedRatings": 6400}
        fields |= {"DateTimeOriginal": f"2024:05:06 23:{minutes:02}:{seconds:02}"}
        metadata = Metadata(exif=exif_block(exif_directories(fields)))
        write(Photo(np.clip(frame, 0, 1), metadata=metadata), folder / f"f{number:02}.jpg", Encoding("jpeg"))
    return folder


@pytest.fixture(scope="module", params=["dense", "unet"])
def given(
    request: pytest.FixtureRequest, tiny_flow: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Settings with a tiny model: with the encoder of the paper, or with a U-Net."""
    unet = {"widths": (8, 12, 16), "down": (1, 1, 1), "up": (1, 1), "vector": 16}
    flow = tiny_flow() if request.param == "dense" else tiny_flow(encoder={"unet": unet})
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    models.save(flow.state_dict(), flow.size, path, half=False)
    return {"model": str(path), "temperature": 0.8, "encoding": Encoding("png"), "device": "cpu"}


@pytest.fixture(scope="module")
def whole(time_lapse: Path, given: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The time-lapse rendered by one process."""
    return enhance_dir(time_lapse, output=tmp_path_factory.mktemp("whole"), jobs=1, **given)


def largest_step(folder: Path) -> float:
    """Of mean luma between successive frames, in 1/255."""
    lumas = [np.asarray(Image.open(path), float) @ LUMA for path in sorted(folder.glob("f*.png"))]
    assert len(lumas) == FRAMES
    return float(np.abs(np.diff([luma.mean() for luma in lumas])).max())


def test_a_time_lapse_does_not_flicker(
    time_lapse: Path, given: dict[str, Any], whole: Report, tmp_path: Path
) -> None:
    assert whole.ok
    assert [sorted(sources) for sources in whole.series.values()] == [[f"f{n:02}.jpg" for n in range(FRAMES)]]
    alone = enhance_dir(time_lapse, output=tmp_path, jobs=1, series="off", **given)
    assert not alone.series
    assert largest_step(whole.output) <= 1.0 < largest_step(tmp_path)


@pytest.mark.parametrize("given", ["unet"], indirect=True)
def test_frames_do_not_depend_on_processes_interruptions_and_names(
    time_lapse: Path, given: dict[str, Any], whole: Report, tmp_path: Path, hashes: Hashes
) -> None:
    # Other names give another order.
    renamed, names = tmp_path / "renamed", [f"g{(3 * number + 1) % FRAMES:02}" for number in range(FRAMES)]
    renamed.mkdir()
    for number, name in enumerate(names):
        shutil.copy(time_lapse / f"f{number:02}.jpg", renamed / f"{name}.jpg")
    events: list[Any] = []
    there = tmp_path / "there"
    stop: dict[str, Any] = {"cancel": _after(1, events), "progress": events.append}
    assert enhance_dir(renamed, output=there, jobs=2, **stop, **given).stopped
    again = enhance_dir(renamed, output=there, jobs=1, **given)
    assert again.ok
    assert 0 < len(again.done) < FRAMES
    assert again.series.keys() == whole.series.keys()
    expected, found = hashes(whole.output), hashes(there)
    assert len(found) == FRAMES
    for number, name in enumerate(names):
        assert found[f"{name}.png"] == expected[f"f{number:02}.png"]


def _after(count: int, events: list[Any]) -> Callable[[], bool]:
    return lambda: sum(event.kind == "photo" for event in events) >= count


def test_an_extended_series_keeps_its_look_and_another_mode_renders_again(
    batch: Run, photos: Photos, tmp_path: Path
) -> None:
    source, output = photos("a.png", "b.png", "c.png"), tmp_path / "out"
    given: dict[str, Any] = {"temperature": 0.8, "series": "all"}
    first = batch(source, output, **given)
    (key,) = first.series
    assert {record.series for record in read_manifest(output).records.values()} == {key}
    photos("d.png", "e.png")
    second = batch(source, output, **given)
    assert [record.source for record in second.done] == ["d.png", "e.png"]
    assert second.series == {key: ("a.png", "b.png", "c.png", "d.png", "e.png")}
    (record,) = read_manifest(output).series
    assert sorted(record.members) == list(second.series[key])
    assert not batch(source, output, include=("b.png",), **given).done
    assert len(batch(source, output, temperature=0.8, series="off").done) == 5
    assert not batch(source, output, temperature=0.8).done  # without series by default
    third = batch(source, output, **given)
    assert (len(third.done), list(third.series)) == (5, [key])
    assert not batch(source, output, **given).done


def test_another_gap_decides_again(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(4):
        Image.new("RGB", (16, 12), (30 + number,) * 3).save(source / f"{number}.png")

    def capture(path: Path) -> Capture:
        return Capture("A", datetime(2024, 5, 6, 23, 0, 10 * int(path.stem)), 0.5, ((0.5,),))

    def run(gap_s: float) -> Report:
        rules = SeriesRules(capture, lambda path: False, "auto", gap_s)
        return run_batch(replace(make_batch(source, output), series=rules))

    default = run(DEFAULT_GAP_S)
    (key,) = default.series
    assert (len(default.done), len(default.series[key])) == (4, 4)
    short = run(1.0)
    assert (len(short.done), short.series) == (4, {})
    assert not run(1.0).done
    (long,) = run(90.0).series
    assert long == key  # the same frames have the same reference
    for gap_s in (90.0, DEFAULT_GAP_S, 40.0, 90.0, DEFAULT_GAP_S):  # the members stay the same
        same = run(gap_s)
        assert (len(same.done), same.series) == (0, default.series)


def test_stopped_while_frames_are_read(batch: Run, photos: Photos, tmp_path: Path, hashes: Hashes) -> None:
    source = photos("a.png", "b.png", "c.png")
    read_frames: list[str] = []

    def follow(event: Any) -> None:
        if event.stage == "series":
            read_frames.append(event.source)

    report = batch(
        source, tmp_path / "out", series="all", progress=follow, cancel=lambda: len(read_frames) == 2
    )
    assert (report.stopped, len(read_frames), len(report.planned)) == ("cancelled", 2, 3)
    assert batch(source, tmp_path / "out", series="all").ok
    assert batch(source, tmp_path / "whole", series="all").ok
    assert hashes(tmp_path / "out") == hashes(tmp_path / "whole")


def test_a_series_is_well_exposed_as_a_whole(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source = photos("a.png", "b.png", "c.png")
    bright = np.full((12, 16, 3), 250, np.uint8)
    Image.fromarray(bright).save(source / "b.png")
    asked: dict[str, Any] = {"if_darker_than": -1.0}
    assert [record.source for record in batch(source, tmp_path / "alone", **asked).done] == ["a.png", "c.png"]
    assert len(batch(source, tmp_path / "series", series="all", **asked).done) == 3
    assert not batch(source, tmp_path / "series", series="all", **asked).done
    for name in ("a.png", "c.png"):
        Image.fromarray(bright - 5).save(source / name)
    report = batch(source, tmp_path / "series", series="all", force=True, **asked)
    assert [record.status for record in report.rows] == ["left"] * 3


def test_a_broken_frame_fails_alone(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source = photos("a.png", "c.png", "d.png")
    (source / "b.png").write_bytes(b"x")
    report = batch(source, tmp_path / "out", series="all")
    assert [record.source for record in report.failed] == ["b.png"]
    assert list(report.series.values()) == [("a.png", "c.png", "d.png")]
    again = batch(source, tmp_path / "out", series="all")
    assert not again.done
    assert [record.source for record in again.failed] == ["b.png"]


def test_a_frame_that_kills_its_worker_fails_alone(
    batch: Run, photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "llflow_photo.batch.workers.series_frames.FRAME_READER", "fake_renderer:KillingReader"
    )
    report = batch(photos("a.png", "b.png", "kills.png"), tmp_path / "out", series="all")
    assert [record.source for record in report.failed] == ["kills.png"]
    assert list(report.series.values()) == [("a.png", "b.png")]


def test_series_are_in_the_report_and_in_the_results(
    time_lapse: Path, tiny_model: Path, tmp_path: Path
) -> None:
    some = tmp_path / "some"
    some.mkdir()
    for number in range(3):
        shutil.copy(time_lapse / f"f{number:02}.jpg", some)
    report = enhance_dir(some, output=tmp_path / "out", jobs=1, model=tiny_model)
    (key,) = report.series
    assert "3 photos in 1 series share exposure and look" in report.summary()
    assert report.to_json()["series"] == {key: ["f00.jpg", "f01.jpg", "f02.jpg"]}
    assert "frame 2 of 3, series of f00.jpg" in page_of(report)
    assert read_settings(read(tmp_path / "out" / "f01.jpg").metadata)["series"] == key


def test_a_manifest_of_a_version_without_series(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source = photos("a.png", "b.png")
    batch(source, tmp_path / "out")
    with sqlite3.connect(tmp_path / "out" / MANIFEST_NAME) as connection:
        connection.execute("drop table series")
    assert read_manifest(tmp_path / "out").series == ()
    assert not batch(source, tmp_path / "out").done
    assert len(batch(source, tmp_path / "out", series="all").done) == 2


def test_a_manifest_written_again_keeps_the_series(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source, output = photos("a.png", "b.png", "c.png"), tmp_path / "out"
    removed: list[str] = []

    def remove(event: Any) -> None:
        if event.kind == "photo" and not removed:
            removed.append(event.source)
            (output / MANIFEST_NAME).unlink()

    assert batch(source, output, series="all", progress=remove).ok
    (record,) = read_manifest(output).series
    assert sorted(record.members) == ["a.png", "b.png", "c.png"]
    assert not batch(source, output, series="all").done
