"""Names of outputs."""

from __future__ import annotations

import random
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from llflow_photo.batch.selecting.naming import assign_stems, folded, output_names, suffix_of
from llflow_photo.files import write
from llflow_photo.files.encoding import FORMATS
from llflow_photo.photo import Photo


def stems(*names: str, samples: int = 1) -> dict[str, str]:
    assigned = assign_stems([PurePosixPath(name) for name in names], samples)
    return {source.as_posix(): stem.as_posix() for source, stem in assigned.items()}


def test_folders_are_mirrored_and_plain_names_kept() -> None:
    assert stems("night/A.NEF", "B.jpg") == {"night/A.NEF": "night/A", "B.jpg": "B"}


def test_equal_names_with_other_extensions_are_extended() -> None:
    assert stems("A.NEF", "A.JPG", "sub/A.JPG") == {"A.NEF": "A_NEF", "A.JPG": "A_JPG", "sub/A.JPG": "sub/A"}


def test_names_that_differ_in_case_or_composition_are_made_distinct() -> None:
    assigned = stems("a.jpg", "A.jpg", "N/x.png", "n/X.png", "\u00e9.png", "e\u0301.png")
    assert len({folded(stem) for stem in assigned.values()}) == 6


def test_a_photo_whose_own_name_looks_extended_keeps_it() -> None:
    assigned = stems("A.NEF", "A.JPG", "A_JPG.png")
    assert assigned["A_JPG.png"] == "A_JPG"
    assert len(set(assigned.values())) == 3


def test_samples_never_collide_with_other_photos() -> None:
    assigned = assign_stems([PurePosixPath("A.png"), PurePosixPath("A_s1.png")], samples=2)
    names = [name for stem in assigned.values() for name in output_names(stem, 2, ".jpg")]
    assert len(names) == len(set(names)) == 4


def test_names_do_not_depend_on_order() -> None:
    names = [
        f"{folder}{stem}{suffix}" for folder in ("", "x/") for stem in "aAbB" for suffix in (".png", ".NEF")
    ]
    expected = stems(*names)
    for seed in range(5):
        random.Random(seed).shuffle(names)
        assert stems(*names) == expected
    assert len({folded(stem) for stem in expected.values()}) == len(names)


def test_long_names_are_cut_and_stay_distinct() -> None:
    long = "夜" * 80
    assigned = stems(f"{long}1.png", f"{long}2.png")
    assert len(set(assigned.values())) == 2
    assert all(len(stem.encode()) <= 200 for stem in assigned.values())


def test_output_names_of_samples_are_numbered() -> None:
    assert [name.as_posix() for name in output_names(PurePosixPath("n/A"), 2, ".jpg")] == [
        "n/A_s1.jpg",
        "n/A_s2.jpg",
    ]


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        (None, b"\xff\xd8\xff"),
        ("jpeg", b"\xff\xd8\xff"),
        ("png", b"\x89PNG"),
        ("tiff", b"II*\0"),
        ("webp", b"RIFF"),
    ],
)
def test_the_suffix_of_a_format_writes_this_format(
    name: str | None, signature: bytes, tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix_of(name)}"
    write(Photo(np.full((8, 12, 3), 0.5, np.float32)), path)
    assert path.read_bytes().startswith(signature)


def test_every_format_has_a_suffix_of_its_own() -> None:
    assert len({suffix_of(name) for name in FORMATS}) == len(FORMATS)
