"""Output paths of single photos: only results of the same photo are replaced."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo import Options, enhance_file, errors, files
from llflow_photo.cli import main
from llflow_photo.cli.targets import choose_targets, is_one_file
from llflow_photo.files.atomic import atomic_file
from llflow_photo.files.dng.write import write_cfa_dng


def _photo(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 40, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def _mosaic(height: int, width: int, level: int) -> np.ndarray:
    """RAW values around a level: a frame of one value is refused."""
    return np.random.default_rng(level).integers(level, level + 200, (height, width), dtype=np.uint16)


@pytest.fixture
def run(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The command in an empty folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return lambda *arguments: main(["enhance", *map(str, arguments), "--model", str(tiny_model), "-q"])


def test_the_cameras_jpeg_beside_a_raw_is_kept(run) -> None:
    write_cfa_dng(Path("IMG_1.dng"), _mosaic(96, 128, 2000))
    before = _photo(Path("IMG_1.jpg")).read_bytes()
    assert run("IMG_1.dng", "--output", ".") == 0
    assert Path("IMG_1.jpg").read_bytes() == before
    assert files.read("IMG_1_dng.jpg").width == 128
    assert run("IMG_1.dng", "--output", "IMG_1.jpg") == 1
    assert Path("IMG_1.jpg").read_bytes() == before
    assert sorted(os.listdir()) == ["IMG_1.dng", "IMG_1.jpg", "IMG_1_dng.jpg"]


def test_another_photo_of_the_same_name_gets_its_own_name_in_the_default_folder(run) -> None:
    first, second = _photo(Path("one/A.png"), 1), _photo(Path("two/A.png"), 2)
    assert run(first) == 0
    before = Path("enhanced/A.jpg").read_bytes()
    assert run(second) == 0
    assert Path("enhanced/A.jpg").read_bytes() == before
    assert run(first) == run(second) == 0  # results of the same photos
    assert sorted(os.listdir("enhanced")) == ["A.jpg", "A_png.jpg"]
    assert run(second, "--force") == 0
    assert Path("enhanced/A.jpg").read_bytes() != before


def test_samples_do_not_replace_files_of_their_names(run) -> None:
    photo, other = _photo(Path("A.png")), _photo(Path("A_s2.jpg"), 3).read_bytes()
    assert run(photo, "-o", ".", "--samples", "2") == 0
    assert Path("A_s2.jpg").read_bytes() == other
    assert {"A_png_s1.jpg", "A_png_s2.jpg"} < set(os.listdir())
    assert run(photo, "-o", "A.jpg", "--samples", "2") == 1
    assert Path("A_s2.jpg").read_bytes() == other


def test_samples_of_one_photo_and_the_name_of_another(tmp_path: Path) -> None:
    sources = [_photo(tmp_path / name) for name in ("A.png", "A_s1.png", "x/A.png", "y/A-2.png")]
    targets = choose_targets(sources, str(tmp_path / "out"), None, 2, False)
    names = [f"{target.stem}_s{number}" for target in targets for number in (1, 2)]
    assert len({name.casefold() for name in names} | {target.stem for target in targets}) == 12


def test_existing_links_folders_and_pipes_are_kept(run, tmp_path: Path) -> None:
    photo, other = _photo(Path("A.png")), _photo(tmp_path / "far" / "original.jpg", 5)
    Path("out").mkdir()
    os.link(other, "out/A.jpg")
    assert run(photo, "-o", "out") == 0
    assert Path("out/A.jpg").samefile(other)
    for name, make in (
        ("nowhere", lambda path: os.symlink("no-such", path)),
        ("linked", lambda path: os.symlink(other, path)),
        ("folder", os.mkdir),
        ("pipe", os.mkfifo),
    ):
        Path(name).mkdir()
        make(Path(name, "A.jpg"))
        state = os.lstat(Path(name, "A.jpg"))
        assert run(photo, "-o", name) == 0, name
        assert os.lstat(Path(name, "A.jpg")).st_ino == state.st_ino
        assert Path(name, "A_png.jpg").is_file()


def test_a_result_that_was_edited_is_kept(run) -> None:
    photo = _photo(Path("A.png"))
    assert run(photo, "-o", "out") == 0
    edited = Path("out/A.jpg").read_bytes().replace(b"CreatorTool>llflow-photo", b"CreatorTool>PaintProgram")
    Path("out/A.jpg").write_bytes(edited)
    assert run(photo, "-o", "out") == 0
    assert Path("out/A.jpg").read_bytes() == edited
    assert Path("out/A_png.jpg").is_file()


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "dng", "webp"])
def test_the_api_replaces_only_results_of_the_same_photo(
    suffix: str, tiny_model: Path, tmp_path: Path
) -> None:
    photo, other = _photo(tmp_path / "a.png", 1), _photo(tmp_path / "b.png", 2)
    if suffix == "dng":
        photo, other = (
            write_cfa_dng(tmp_path / f"{level}.dng", _mosaic(64, 64, level)) or tmp_path / f"{level}.dng"
            for level in (1000, 2000)
        )
    options, target = Options(model=str(tiny_model)), tmp_path / f"out.{suffix}"
    enhance_file(photo, target, options)
    enhance_file(photo, target, options.with_changes(seed=4, temperature=0.5))
    before = target.read_bytes()
    with pytest.raises(errors.OutputExistsError, match="not this program's result"):
        enhance_file(other, target, options)
    assert target.read_bytes() == before
    enhance_file(other, target, options, force=True)
    assert target.read_bytes() != before


@pytest.mark.parametrize("before", [False, True], ids=["nothing before", "own result before"])
def test_a_file_that_is_created_during_rendering_is_kept(
    before: bool, tiny_model: Path, tmp_path: Path
) -> None:
    photo, target = _photo(tmp_path / "a.png", 1), tmp_path / "out.jpg"
    options = Options(model=str(tiny_model))
    if before:
        enhance_file(photo, target, options)

    def edited(done: int, total: int) -> None:
        target.write_bytes(b"of another program")

    with pytest.raises(errors.OutputExistsError, match="was created while"):
        enhance_file(photo, target, options, progress=edited)
    assert target.read_bytes() == b"of another program"
    enhance_file(photo, target, options, progress=edited, force=True)
    assert target.read_bytes() != b"of another program"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.jpg"
    with pytest.raises(errors.OutputExistsError), atomic_file(target, replace=False) as file:
        file.write(b"new")
        target.write_bytes(b"of another process")
    assert target.read_bytes() == b"of another process"
    assert os.listdir(tmp_path) == ["a.jpg"]


def test_what_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "is.jpg").mkdir()
    for folder in (
        "2024.11.03/",
        "2024.11.03",
        "night.jpg/",
        "v1.2",
        "x/.",
        "..",
        "plain",
        tmp_path / "is.jpg",
    ):
        assert not is_one_file(str(folder)), folder
    for file in ("a.jpg", "2024.11.03.jpg", "a.xyz", "dir.d/a.tif"):
        assert is_one_file(file), file


def test_output_folders_with_dots(run) -> None:
    first, second = _photo(Path("a.png")), _photo(Path("b.png"), 1)
    assert run(first, "--output", "2024.11.03/", "--format", "jpeg") == 0
    assert run(first, second, "--output", "2024.11.04/") == 0
    assert run(first, second, "--output", "2024.11.05") == 0
    assert os.listdir("2024.11.03") == ["a.jpg"]
    assert sorted(os.listdir("2024.11.04")) == sorted(os.listdir("2024.11.05")) == ["a.jpg", "b.jpg"]
