"""Which photos form series, and the decisions about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest

from llflow_photo.batch.selecting.selection import Source
from llflow_photo.batch.selecting.series import FoundSeries, Frame, SeriesRules, find_series
from llflow_photo.batch.series_decisions import SeriesDecisions
from llflow_photo.errors import OptionError
from llflow_photo.files import Capture, is_raw
from llflow_photo.photo import Photo
from llflow_photo.series import FrameSummary

START = datetime(2024, 5, 6, 23, 0, 0)
SETTINGS = ((0.5,), (1.8,), (3200.0,))


def found(captures: dict[str, Capture], mode: Any = "auto", gap_s: float = 30.0) -> list[list[str]]:
    sources = [Source(Path(name), PurePosixPath(name), 10, 1) for name in captures]
    rules = SeriesRules(lambda path: captures[path.as_posix()], is_raw, mode, gap_s)
    return [[frame.source for frame in frames] for frames in find_series(sources, rules).series]


def taken(second: float, camera: str = "A", exposure_s: float = 0.5, iso: float = 3200.0) -> Capture:
    settings = ((exposure_s,), (1.8,), (iso,))
    return Capture(camera, START + timedelta(seconds=second), exposure_s, settings)


def test_a_pause_ends_a_series_and_two_photos_are_no_series() -> None:
    seconds = {"c.jpg": 0, "b.jpg": 10, "a.jpg": 40, "d.jpg": 75, "e.jpg": 85}
    captures = {name: taken(second) for name, second in seconds.items()}
    assert found(captures) == [["c.jpg", "b.jpg", "a.jpg"]]
    assert found(captures, gap_s=60) == [["c.jpg", "b.jpg", "a.jpg", "d.jpg", "e.jpg"]]
    assert found(captures, gap_s=15) == []


def test_the_pause_begins_when_the_exposure_ends() -> None:
    captures = {f"{number}.jpg": taken(55 * number, exposure_s=30.0) for number in range(3)}
    assert len(found(captures)) == 1
    assert not found({name: taken(55 * number) for number, name in enumerate(captures)})


@pytest.mark.parametrize(
    "other",
    [taken(10, camera="B"), taken(10, iso=100.0), taken(10, exposure_s=1.0), Capture("A", START), Capture()],
)
def test_another_camera_or_setting_is_another_series(other: Capture) -> None:
    captures = {"1.jpg": taken(0), "2.jpg": other, "3.jpg": taken(20)}
    assert not found(captures)
    assert found({**captures, "4.jpg": taken(30)}) == [["1.jpg", "3.jpg", "4.jpg"]]


def test_folders_and_kinds_of_files_are_apart() -> None:
    folders, suffixes = ("x/", "y/"), (".jpg", ".nef")
    names = [f"{folder}{number}{suffix}" for folder in folders for suffix in suffixes for number in range(3)]
    captures = {name: taken(number) for number, name in enumerate(names)}
    assert [sorted(group) for group in found(captures)] == [
        [f"{folder}{number}{suffix}" for number in range(3)] for folder in folders for suffix in suffixes
    ]


def test_folders_of_the_same_relative_path_are_apart(tmp_path: Path) -> None:
    captures = {tmp_path / f"{card}/night/{n}.jpg": taken(n) for card in "ab" for n in range(3)}
    (tmp_path / "link").symlink_to(tmp_path / "a")
    captures[tmp_path / "link/night/3.jpg"] = taken(3)
    # One name has a number, as it has where both inputs have a photo of this name.
    relatives = {path: PurePosixPath("night", path.name) for path in captures}
    relatives[tmp_path / "b/night/1.jpg"] = PurePosixPath("night-2/1.jpg")
    sources = [Source(path, relative, 10, 1) for path, relative in relatives.items()]
    for mode in ("auto", "all"):
        series = find_series(sources, SeriesRules(captures.__getitem__, is_raw, mode)).series
        groups = [[frame.path.relative_to(tmp_path).as_posix() for frame in frames] for frames in series]
        assert groups == [
            ["a/night/0.jpg", "a/night/1.jpg", "a/night/2.jpg", "link/night/3.jpg"],
            ["b/night/0.jpg", "b/night/1.jpg", "b/night/2.jpg"],
        ]


def test_all_and_off() -> None:
    captures = {
        "1.jpg": Capture(),
        "2.jpg": Capture(),
        "x/3.jpg": taken(0),
        "x/4.jpg": taken(999, iso=1.0),
    }
    assert found(captures, "all") == [["1.jpg", "2.jpg"], ["x/3.jpg", "x/4.jpg"]]
    assert found(captures, "off") == found(captures, "auto") == []


def test_invalid_rules() -> None:
    with pytest.raises(OptionError, match="series is 'some'"):
        found({}, "some")
    for gap in (-1.0, float("nan"), "30"):
        with pytest.raises(OptionError, match="series_gap"):
            found({}, "auto", gap)  # type: ignore[arg-type]


def frames(*names: str) -> tuple[Frame, ...]:
    return tuple(Frame(name, Path(name), f"identity of {name}") for name in names)


def series(*groups: tuple[Frame, ...]) -> FoundSeries:
    return FoundSeries(list(groups), [])


def summary(level: float) -> FrameSummary:
    return FrameSummary.of(Photo(np.full((32, 32, 3), level, np.float32)))


def decide(decisions: SeriesDecisions, level: Callable[[str], float] = lambda name: 0.2) -> list[str]:
    """Decide about all series, adding summaries in reverse order; returns the frames that were read."""
    read = decisions.frames_to_read(decisions.shared())
    for frame in reversed(read):
        decisions.add_summary(frame.source, summary(level(frame.source)))
    return [frame.source for frame in read]


def test_at_most_nine_frames_are_read_and_only_of_series_with_photos_to_render() -> None:
    names = [f"{number:03}" for number in range(101)]
    decisions = SeriesDecisions(series(frames(*names), frames("x", "y", "z")))
    assert {shared.key for shared in decisions.shared().values()} == {None}
    read = decisions.frames_to_read({"050"})
    assert [frame.source for frame in read] == [
        "000", "012", "025", "038", "050", "062", "075", "088", "100",
    ]  # fmt: skip
    for frame in read:
        assert not decisions.shared()["000"].decided
        decisions.add_summary(frame.source, summary(0.2))
    shared = decisions.shared()
    assert shared["000"].reference is not None
    assert not shared["x"].decided


def test_a_longer_series_keeps_what_was_decided() -> None:
    first = SeriesDecisions(series(frames("1", "2", "3")))
    decide(first)
    (record,) = first.records()
    second = SeriesDecisions(series(frames("0", "1", "2", "3", "4")), [record])
    assert decide(second) == []
    assert {shared.key for shared in second.shared().values()} == {record.key}
    (longer,) = second.records()
    assert list(longer.members) == ["1", "2", "3", "0", "4"]
    parts = SeriesDecisions(series(frames("0", "1"), frames("3", "4")), [longer], "all")
    assert {shared.key for shared in parts.shared().values()} == {record.key}
    assert list(parts.records()) == [longer]


def test_other_photos_of_the_same_names_and_another_development_are_decided_again() -> None:
    first = SeriesDecisions(series(frames("1", "2", "3")))
    decide(first)
    records = list(first.records())
    others = tuple(Frame(name, Path(name), "another") for name in ("1", "2", "3"))
    for decisions in (
        SeriesDecisions(series(others), records),
        SeriesDecisions(series(frames("1", "2", "3")), records, basis="brighter"),
        SeriesDecisions(series(frames("1", "2", "3")), records, force=True),
    ):
        assert decide(decisions, lambda name: 0.3) == ["1", "2", "3"]
        (record,) = decisions.records()
        assert record.key != records[0].key


def test_of_two_records_that_of_more_frames_is_taken() -> None:
    first = SeriesDecisions(series(frames("1", "2", "3"), frames("5", "6", "7", "8")))
    decide(first, lambda name: 0.2 if name < "4" else 0.3)
    small, large = first.records()
    joined = SeriesDecisions(series(frames(*"12345678")), [small, large])
    assert {shared.key for shared in joined.shared().values()} == {large.key}
    assert [record.key for record in joined.records()] == [large.key]


def test_several_scenes_are_no_series_unless_the_user_specifies_it() -> None:
    given = series(frames("1", "2", "3"))
    decisions = SeriesDecisions(given)
    decide(decisions, lambda name: float(name) / 5)
    assert {shared.key for shared in decisions.shared().values()} == {""}
    records = list(decisions.records())
    assert decide(SeriesDecisions(given, records)) == []  # decided before, so that they are not read again
    specified = SeriesDecisions(given, records, "all")
    decide(specified, lambda name: float(name) / 5)
    assert all(shared.reference for shared in specified.shared().values())


def test_frames_that_cannot_be_read_do_not_count() -> None:
    for broken, decided in (("2", True), ("123", False)):
        decisions = SeriesDecisions(series(frames("1", "2", "3")))
        for frame in decisions.frames_to_read({"1"}):
            decisions.add_summary(frame.source, None if frame.source in broken else summary(0.2))
        assert decisions.shared()["2"].decided == decided
        assert len(list(decisions.records())) == decided


def test_the_order_of_the_summaries_does_not_matter() -> None:
    keys = set()
    for order in ((0, 1, 2), (2, 0, 1)):
        decisions = SeriesDecisions(series(frames("1", "2", "3")))
        read = decisions.frames_to_read({"1"})
        for number in order:
            decisions.add_summary(read[number].source, summary(0.2 + number / 100))
        keys.add(decisions.shared()["1"].key)
    assert len(keys) == 1


def test_a_photo_selected_alone_stays_in_its_series() -> None:
    first = SeriesDecisions(series(frames("1", "2", "3")))
    decide(first)
    (record,) = first.records()
    alone = FoundSeries([], list(frames("2", "4")))
    decisions = SeriesDecisions(alone, [record])
    assert {name: shared.key for name, shared in decisions.shared().items()} == {"2": record.key}
    assert list(decisions.records()) == [record]
    assert not SeriesDecisions(alone, [record], "all").shared()  # found in another way
