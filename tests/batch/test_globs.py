"""Glob patterns."""

from __future__ import annotations

import random
import warnings
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
        ("Night 0", "Night [2024-11-03]", True),
        ("Night 3", "Night [2024-11-03]", True),
        ("Night 4", "Night [2024-11-03]", False),  # of the range 4-1, which is empty
        ("Night [2024-11-03]", "Night [[]2024-11-03[]]", True),
        ("a", "[z-a]", False),
        ("a", "[!z-a]", True),
        ("a[]b", "a[]b", True),
        ("a[!]", "a[!]", True),
        ("a]b", "a[]]b", True),
        ("axb", "a[!]]b", True),
        ("a-b", "a[x-]b", True),
        ("a^b", "a[^x]b", True),
        ("ayb", "a[^x]b", False),
        ("a&b", "a[&&x]b", True),
        ("x/a/b", "x/a[.-0]b", False),  # the slash is in the range, but no set matches it
    ],
)
def test_patterns(path: str, pattern: str, expected: bool) -> None:
    assert matches_any(PurePosixPath(path), [pattern]) is expected


def test_every_pattern_is_valid() -> None:
    chance, signs = random.Random(3), "[]!-^*?a&~|z.0/\\"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3000):
            pattern = "".join(chance.choices(signs, k=8))
            matches_any(PurePosixPath("z/a"), [pattern])


def test_one_of_several_is_enough_and_none_matches_nothing() -> None:
    assert matches_any(PurePosixPath("a.png"), ["*.nef", "*.png"])
    assert not matches_any(PurePosixPath("a.png"), [])
