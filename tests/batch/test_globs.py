"""Glob patterns."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from llflow_photo.batch.selecting.globs import matches_any


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("night/A.NEF", "*.nef", True),
        ("night/A.NEF", "*.jpg", False),
        ("night/A.NEF", "night", True),
        ("old/night/A.NEF", "night", True),
        ("old/night/A.NEF", "night/", False),
        ("night/A.NEF", "night/", True),
        ("night/A.NEF", "*/A.*", True),
        ("a/b/A.NEF", "*/A.*", False),
        ("a/b/A.NEF", "**/A.*", True),
        ("A.NEF", "**/A.*", True),
        ("2024/a/night1/x.png", "2024/**/night*", True),
        ("IMG_12.png", "IMG_[0-9]?.png", True),
        ("IMG_x2.png", "IMG_[!0-9]?.png", True),
        ("IMG_12.png", "IMG_[!0-9]?.png", False),
        ("a[1].png", "a[[]1].png", True),
        ("été.png", "e\u0301te\u0301.png", True),
        ("a.b+c.png", "a.b+c.png", True),
        ("axb+c.png", "a.b+c.png", False),
        ("a[1.png", "a[1.png", True),
    ],
)
def test_patterns(path: str, pattern: str, expected: bool) -> None:
    assert matches_any(PurePosixPath(path), [pattern]) is expected


def test_one_of_several_is_enough_and_none_matches_nothing() -> None:
    assert matches_any(PurePosixPath("a.png"), ["*.nef", "*.png"])
    assert not matches_any(PurePosixPath("a.png"), [])
