"""Which photos are selected."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from batch_helpers import RASTER, RAW
from PIL import Image

from llflow_photo.batch.recording.manifest import MANIFEST_NAME, holds_outputs
from llflow_photo.batch.selecting.selection import EARLIER_OUTPUT, Selection, parse_newer_than, select
from llflow_photo.errors import OptionError, ReadError

Photos = Callable[..., Path]


def taken(*inputs: Path, **changes: Any) -> tuple[list[str], dict[str, str]]:
    selection = Selection(
        is_photo=lambda path: path.suffix.lower() in RAW | RASTER,
        is_raw=lambda path: path.suffix.lower() in RAW,
        is_output=holds_outputs,
        **changes,
    )
    sources, records = select(inputs, selection)
    return [source.relative.as_posix() for source in sources], {
        record.source: record.reason for record in records
    }


def test_subfolders_are_entered_and_other_and_hidden_files_skipped(photos: Photos) -> None:
    root = photos("b.png", "a.png", "sub/deep/c.png", ".hidden/x.png", "._a.png")
    (root / "notes.txt").write_text("x")
    names, reasons = taken(root)
    assert names == ["a.png", "b.png", "sub/deep/c.png"]
    assert reasons == {"notes.txt": "not a photo"}
    assert taken(root, recursive=False)[0] == ["a.png", "b.png"]


def test_globs(photos: Photos) -> None:
    root = photos("a.png", "b.tif", "good/c.png", "rejected/d.png")
    assert taken(root, include=("*.png",))[0] == ["a.png", "good/c.png", "rejected/d.png"]
    assert taken(root, include=("*.png",), exclude=("rejected",))[0] == ["a.png", "good/c.png"]


def test_symlink_loops_end_and_aliases_are_taken_once(photos: Photos) -> None:
    root = photos("z/a.png")
    (root / "z" / "up").symlink_to(root)
    (root / "alias").symlink_to(root / "z")
    (root / "itself").symlink_to(root / "itself")
    (root / "self.png").symlink_to(root / "self.png")
    names, reasons = taken(root)
    assert names == ["z/a.png"]
    assert "cannot be read" in reasons["self.png"]


def test_symlinked_folder_outside_is_entered(photos: Photos, tmp_path: Path) -> None:
    other = photos("x.png", folder="other")
    root = photos("a.png")
    (root / "more").symlink_to(other)
    assert taken(root)[0] == ["a.png", "more/x.png"]


def test_folders_with_a_manifest_are_not_entered(photos: Photos) -> None:
    root = photos("a.png", "enhanced/a.png")
    (root / "enhanced" / MANIFEST_NAME).touch()
    names, reasons = taken(root)
    assert names == ["a.png"]
    assert reasons == {"enhanced": "a folder with outputs of a batch"}


def test_outputs_in_the_folder_given_are_not_taken(photos: Photos) -> None:
    root = photos("a.png", "sub/B.png", "c.png")
    names, reasons = taken(root, outputs_in=lambda top: {"a.png", "sub/b.png"})
    assert names == ["c.png"]
    assert set(reasons.values()) == {EARLIER_OUTPUT}


def test_a_folder_that_cannot_be_listed_is_named(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    root = photos("a.png", "secret/b.png")

    def refusing(call: Callable[..., Any], shut: Callable[[Path], bool]) -> Callable[..., Any]:
        def refuse(path: Any, **more: Any) -> Any:
            if shut(Path(path)):
                raise PermissionError(13, "Permission denied")
            return call(path, **more)

        return refuse

    monkeypatch.setattr(os, "scandir", refusing(os.scandir, lambda path: path.name == "secret"))
    monkeypatch.setattr(os, "stat", refusing(os.stat, lambda path: path.parent.name == "secret"))
    names, reasons = taken(root)
    assert names == ["a.png"]
    assert reasons["secret"] == "the folder may not be read; check its permissions"
    monkeypatch.setattr(os, "scandir", refusing(os.scandir, lambda path: path == root))
    assert list(taken(root)[1]) == [str(root)]  # not "."


def test_a_photo_that_may_not_be_read_is_named(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    root, stat = photos("a.png", "b.png"), Path.stat

    def refuse(path: Path, **more: Any) -> os.stat_result:
        if path.name == "a.png":
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **more)

    monkeypatch.setattr(Path, "stat", refuse)
    names, reasons = taken(root)
    assert names == ["b.png"]
    assert reasons == {"a.png": "the file may not be read; check the permissions of its folder"}


def test_pairs_of_raw_and_jpeg_are_one_frame(photos: Photos) -> None:
    root = photos("A.NEF", "a.jpg", "B.jpg", "C.NEF", "sub/A.jpg")
    names, reasons = taken(root)
    assert names == ["A.NEF", "B.jpg", "C.NEF", "sub/A.jpg"]
    assert reasons == {"a.jpg": "the same frame as A.NEF"}
    assert taken(root, pairs="jpeg")[0] == ["B.jpg", "C.NEF", "a.jpg", "sub/A.jpg"]
    assert len(taken(root, pairs="both")[0]) == 5


def test_photos_of_inputs_of_the_same_name_are_no_pair(photos: Photos) -> None:
    first, second = photos("A.NEF", folder="1/100CANON"), photos("A.jpg", folder="2/100CANON")
    for pairs in ("raw", "jpeg"):
        names, reasons = taken(first, second, pairs=pairs)
        assert (names, reasons) == (["100CANON/A.NEF", "100CANON/A.jpg"], {})
        names, reasons = taken(first / "A.NEF", second / "A.jpg", pairs=pairs)
        assert (names, reasons) == (["A.NEF", "A.jpg"], {})


def test_a_pair_is_found_however_its_folder_is_given(photos: Photos, tmp_path: Path) -> None:
    folder, other = photos("A.NEF", "A.jpg", folder="1/night"), photos("A.NEF", folder="2/night")
    (tmp_path / "link").symlink_to(folder)
    assert taken(folder / "A.NEF", tmp_path / "link" / "A.jpg")[1] == {"A.jpg": "the same frame as A.NEF"}
    # The RAW file gets another name in the output, but its name on the disk is that of the JPEG.
    names, reasons = taken(other / "A.NEF", folder / "A.NEF", folder / "A.jpg")
    assert names == ["A-2.NEF", "A.NEF"]
    assert reasons == {"A.jpg": "the same frame as A-2.NEF"}


def test_names_of_photos_of_several_inputs_do_not_depend_on_their_dates(photos: Photos) -> None:
    first, second = photos("a.png", folder="1/night"), photos("a.png", folder="2/night")
    os.utime(first / "a.png", (1000, 1000))
    names, reasons = taken(first, second, newer_than=5000.0)
    assert names == ["night-2/a.png"]
    assert reasons == {"night/a.png": "not newer than the given time"}


def test_newer_than(photos: Photos) -> None:
    root = photos("old.png", "new.png")
    os.utime(root / "old.png", (1000, 1000))
    names, reasons = taken(root, newer_than=5000.0)
    assert names == ["new.png"]
    assert reasons == {"old.png": "not newer than the given time"}


def test_points_in_time_are_parsed() -> None:
    now = datetime(2024, 11, 3, 12, tzinfo=UTC)
    assert parse_newer_than("2024-11-03T10:00+00:00", now) == now.timestamp() - 7200
    assert parse_newer_than("36h", now) == now.timestamp() - 36 * 3600
    assert parse_newer_than("7d", now) == parse_newer_than(timedelta(days=7), now)
    assert parse_newer_than(None, now) is None
    assert parse_newer_than(12.5, now) == 12.5
    for wrong in ("yesterday", "", "d", [1], timedelta.max, datetime.min):
        with pytest.raises(OptionError, match="give a date"):
            parse_newer_than(wrong, now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "future",
    ["-7d", "2024-11-04", "nand", 1e12, float("nan"), float("inf"), timedelta(-1), datetime(2025, 1, 1)],
)
def test_times_in_the_future_are_rejected(future: Any) -> None:
    now = datetime(2024, 11, 3, 12, tzinfo=UTC)
    with pytest.raises(OptionError, match="is no time in the past"):
        parse_newer_than(future, now)


def test_several_inputs_with_equal_names_are_distinct(photos: Photos) -> None:
    first, second = photos("a.png", folder="x/night"), photos("a.png", folder="y/night")
    single = photos("a.png", folder="z") / "a.png"
    assert taken(first, second, single)[0] == ["a.png", "night/a.png", "night-2/a.png"]


def test_a_photo_of_several_inputs_is_taken_once_with_its_place_in_the_outermost(photos: Photos) -> None:
    root = photos("a.png", "2024/b.png", "2024/june/c.png")
    inputs = [root, root / "2024", root / "2024" / "june", root / "a.png", root / "2024" / "b.png"]
    for order in (inputs, inputs[::-1]):
        names, reasons = taken(*order)
        assert (names, reasons) == (["in/2024/b.png", "in/2024/june/c.png", "in/a.png"], {})
    names, _ = taken(root / "2024", root, recursive=False)
    assert names == ["2024/b.png", "in/a.png"]
    names, _ = taken(root, root / "2024", include=("2024/*.png",))
    assert names == ["2024/b.png"]


def test_links_to_a_photo_of_another_input_are_photos(photos: Photos, tmp_path: Path) -> None:
    root = photos("a.png")
    (root / "link.png").symlink_to("a.png")
    (tmp_path / "other").symlink_to(root)
    assert taken(root, tmp_path / "other")[0] == ["in/a.png", "in/link.png"]
    assert taken(root / "a.png", root / "link.png", tmp_path / "other" / "a.png")[0] == ["a.png", "link.png"]


def test_a_file_given_by_itself_is_a_photo_by_its_content_or_name(photos: Photos) -> None:
    root = photos("a.png", "b.png")
    Image.new("RGB", (8, 8)).save(root / "nosuffix", "PNG")
    (root / "b.png").write_text("<x:xmpmeta/>")
    (root / "b.png").rename(root / "a.xmp")
    assert taken(root / "a.png", root / "a.xmp") == (["a.png"], {"a.xmp": "not a photo"})
    (root / "a.xmp").unlink()
    assert taken(root / "nosuffix") == (["nosuffix"], {})
    assert taken(root / "a.png", root / "nosuffix") == (["a.png", "nosuffix"], {})
    for inputs in ((root, root / "nosuffix"), (root / "nosuffix", root)):
        assert taken(*inputs) == (["in/a.png", "in/nosuffix"], {})
    assert taken(root) == (["a.png"], {"nosuffix": "not a photo"})


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="does not exist"):
        taken(tmp_path / "nothing")


def test_unusual_names_are_taken(photos: Photos) -> None:
    odd = ["ü ber/夜 景 (1).png", "new\nline.png", "x" * 250 + ".png", "quote'\".png"]
    assert taken(photos(*odd))[0] == sorted(odd)
