"""Batches replace only their own results of the same photo, and skip previews, pipes and trash."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llflow_photo.batch.selecting.caches import is_cache

Run = Callable[..., Any]
Photos = Callable[..., Path]
Hashes = Callable[[Path], dict[str, str]]


def test_a_second_memory_card_does_not_replace_the_first_ones_results(
    batch: Run, photos: Photos, hashes: Hashes, tmp_path: Path
) -> None:
    first, output = photos("IMG_1.png", folder="card1"), tmp_path / "out"
    batch(first, output)
    before = hashes(output)
    second = photos("other.png", folder="card2")
    (second / "other.png").rename(second / "IMG_1.png")
    report = batch(second, output)
    assert report.done[0].outputs == ("IMG_1_png.png",)
    assert report.done[0].notes
    after = hashes(output)
    assert {name: after[name] for name in before} == before and len(after) == 2
    assert not batch(second, output).done
    assert hashes(output) == after
    # A dry run reports the same, and force replaces.
    assert batch(second, output, dry_run=True).skipped[0].outputs == ("IMG_1_png.png",)
    assert batch(second, output, force=True).ok


def test_an_edited_result_is_kept_where_settings_change(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source, output = photos("a.png"), tmp_path / "out"
    batch(source, output)
    Image.new("RGB", (40, 30), (1, 2, 3)).save(output / "a.png")
    edited = (output / "a.png").read_bytes()
    assert batch(source, output, temperature=0.5).done[0].outputs == ("a_png.png",)
    assert (output / "a.png").read_bytes() == edited


def test_existing_links_are_kept(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source, output = photos("a.png", "b.png"), tmp_path / "out"
    output.mkdir()
    (output / "a.png").symlink_to("nowhere")
    os.link(source / "b.png", output / "b.png")
    report = batch(source, output)
    assert [record.outputs[0] for record in report.done] == ["a_png.png", "b_png.png"]
    assert (output / "a.png").is_symlink()
    assert (output / "b.png").samefile(source / "b.png")


@pytest.mark.parametrize(
    "folder",
    [
        *(
            "@eaDir/A.jpg",
            "Previews.lrdata",
            "Night Smart Previews.lrdata",
            ".thumbnails",
            ".Trash-1000/files",
        ),
        *("$RECYCLE.BIN/S-1", "#recycle", "CaptureOne/Cache", "Old.photoslibrary/originals", "__MACOSX"),
        *(
            "System Volume Information",
            ".Trashes/501",
            ".dtrash",
            ".@__thumb",
            "lost+found",
            ".picasaoriginals",
            "M4ROOT/THMBNL",
        ),
    ],
)
def test_previews_and_trash_are_skipped(batch: Run, photos: Photos, tmp_path: Path, folder: str) -> None:
    source = photos("A.png", f"{folder}/1.png", f"sub/{folder}/2.png", "._A.png")
    report = batch(source, tmp_path / "out", dry_run=True)
    assert [record.source for record in report.planned] == ["A.png"]
    assert {record.reason for record in report.skipped} <= {"a folder of previews or trash"}


def test_folders_of_ordinary_names_are_entered() -> None:
    assert not any(map(is_cache, ("2024", "thumbs up", "recycle centre", "eadir trip", "Originals", "tmp")))


def test_named_pipes_are_skipped(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source = photos("a.png")
    os.mkfifo(source / "b.png")
    report = batch(source, tmp_path / "out")
    assert [record.source for record in report.done] == ["a.png"]
    assert {record.source: record.reason for record in report.skipped} == {
        "b.png": "not a photo but a named pipe"
    }


def test_a_changed_sidecar_renders_the_photo_again(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source, output = photos("a.png", "b.png"), tmp_path / "out"
    batch(source, output)
    (source / "a.png.xmp").write_text("one")
    assert [record.source for record in batch(source, output).done] == ["a.png"]
    assert not batch(source, output).done
    os.utime(source / "a.png.xmp", (1, 1))
    assert not batch(source, output).done
    (source / "a.png.xmp").write_text("two")
    report = batch(source, output)
    assert [(record.source, record.outputs) for record in report.done] == [("a.png", ("a.png",))]
    (source / "a.png.xmp").unlink()
    assert [record.source for record in batch(source, output).done] == ["a.png"]


def test_copies_have_their_sidecars_and_dates(batch: Run, photos: Photos, tmp_path: Path) -> None:
    source, output = photos("dark.png"), tmp_path / "out"
    Image.new("RGB", (16, 16), (140, 140, 140)).save(source / "light.png")
    (source / "light.xmp").write_text("first")
    (source / "light.png.xmp").write_text("second")
    for number, name in enumerate(("light.png", "light.xmp", "light.png.xmp")):
        os.utime(source / name, (10**9 + number, 10**9 + number))
    given = {"if_darker_than": -2.0, "copy_well_exposed": True}
    assert batch(source, output, **given).ok
    for number, name in enumerate(("light.png", "light.xmp", "light.png.xmp")):
        assert (output / name).read_bytes() == (source / name).read_bytes()
        assert (output / name).stat().st_mtime == 10**9 + number
    events: list[Any] = []
    batch(source, output, progress=events.append, **given)
    assert not [event for event in events if event.kind == "photo"]


def test_a_file_that_appears_during_rendering_is_kept(
    batch: Run, photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = photos("a.png", "meanwhile.png"), tmp_path / "out"
    appears = output / "meanwhile.png"
    monkeypatch.setenv("FAKE_APPEARS", str(appears))
    report = batch(source, output)
    assert [(record.source, record.error) for record in report.failed] == [
        ("meanwhile.png", "OutputExistsError")
    ]
    assert appears.read_bytes() == b"of another program"
    assert [record.source for record in report.done] == ["a.png"]
    # The next run finds it there and takes another name; force replaces it.
    assert batch(source, output).done[0].outputs == ("meanwhile_png.png",)
    assert appears.read_bytes() == b"of another program"
    forced = tmp_path / "forced"
    monkeypatch.setenv("FAKE_APPEARS", str(forced / "meanwhile.png"))
    assert batch(source, forced, force=True).ok
    with Image.open(forced / "meanwhile.png") as image:
        assert image.size == (16, 12)


def test_an_own_result_that_is_edited_during_the_batch_is_kept(
    batch: Run, photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = photos("meanwhile.png"), tmp_path / "out"
    assert batch(source, output).ok
    monkeypatch.setenv("FAKE_APPEARS", str(output / "meanwhile.png"))
    report = batch(source, output, temperature=0.5)
    assert [record.error for record in report.failed] == ["OutputExistsError"]
    assert (output / "meanwhile.png").read_bytes() == b"of another program"


def test_a_copy_of_a_killed_run_is_written_again_under_its_name(
    batch: Run, photos: Photos, tmp_path: Path
) -> None:
    source, output = photos(), tmp_path / "out"
    source.mkdir()
    output.mkdir()
    Image.new("RGB", (16, 16), (140, 140, 140)).save(source / "light.jpg")
    Image.new("RGB", (16, 16), (150, 150, 150)).save(source / "other.jpg")
    (output / "light.jpg").write_bytes((source / "light.jpg").read_bytes())
    (output / "other.jpg").write_bytes(b"of another program")
    report = batch(source, output, if_darker_than=-2.0, copy_well_exposed=True)
    assert sorted(record.outputs for record in report.rows if record.status == "copied") == [
        ("light.jpg",),
        ("other_jpg.jpg",),
    ]
    assert (output / "other.jpg").read_bytes() == b"of another program"


def test_photos_too_large_for_the_format_fail_before_rendering(
    batch: Run, photos: Photos, tmp_path: Path
) -> None:
    source, output = photos("wide kills.png", "a.png"), tmp_path / "out"
    report = batch(source, output)  # rendering it would kill the process
    assert [(record.source, record.error) for record in report.failed] == [("wide kills.png", "WriteError")]
    assert [record.source for record in report.done] == ["a.png"]
