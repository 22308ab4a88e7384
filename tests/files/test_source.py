"""Pipes, devices and streams never hang; ``~`` is a home directory; formats' limits come before the work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import llflow_photo
from llflow_photo import errors, files
from llflow_photo.api import read_srgb
from llflow_photo.cli import main
from llflow_photo.evaluation.night import write_csv
from llflow_photo.files.dimensions import check_dimensions
from llflow_photo.files.dng.write import write_cfa_dng
from llflow_photo.models import save
from llflow_photo.photo import Photo


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    Image.fromarray(np.full((24, 32, 3), 20, np.uint8)).save(tmp_path / "night.png")
    return tmp_path


def test_the_home_directory_everywhere(home: Path, tiny_model: Path) -> None:
    model = f"~/{tiny_model.relative_to(home)}"
    assert llflow_photo.enhance("~/night.png", model=model).shape == (24, 32, 3)
    assert read_srgb("~/night.png").shape == (24, 32, 3)
    result = llflow_photo.enhance_file("~/night.png", "~/out.png", llflow_photo.Options(model=model))
    assert result.outputs == (home / "out.png",)
    assert files.write(files.read("~/night.png"), "~/copy.png") == ()
    assert (home / "copy.png").is_file()
    report = llflow_photo.enhance_dir("~/night.png", output="~/folder", model=model, dry_run=True)
    assert report.output == home / "folder"
    for read in (files.read, llflow_photo.enhance):
        with pytest.raises(errors.ReadError, match=str(home / "absent.jpg")):
            read("~/absent.jpg")


def test_the_home_directory_of_models_and_tables(home: Path, tiny_model: Path) -> None:
    path = f"~/{tiny_model.relative_to(home)}"
    model = llflow_photo.load_model(path)
    save(model.flow.state_dict(), model.flow.size, Path("~/copy.safetensors"))
    assert (home / "copy.safetensors").is_file()
    write_csv([], Path("~/rows.csv"))
    assert (home / "rows.csv").is_file()
    write_cfa_dng(Path("~/dark.dng"), np.full((64, 64), 600, np.uint16))
    assert (home / "dark.dng").is_file()
    assert main(["enhance", "~/night.png", "--output=~/out/", "--model", path, "-q"]) == 0
    assert (home / "out" / "night.jpg").is_file()
    with pytest.raises(errors.ModelNotFoundError, match="no model file"):
        llflow_photo.load_model("~no-such-user/model.safetensors")


def test_a_name_that_only_looks_like_a_home_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    (home / "night.png").rename(home / "~no-such-user.png")
    assert files.read("~no-such-user.png").width == 32


@pytest.mark.parametrize("name", ["pipe.jpg", "pipe.nef"])
def test_a_named_pipe_is_refused(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    for call in (
        files.read,
        llflow_photo.enhance,
        lambda p: llflow_photo.enhance_file(p, tmp_path / "o.jpg"),
    ):
        with pytest.raises(errors.ReadError, match="is a named pipe, not a file"):
            call(tmp_path / name)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/random"])
def test_devices_are_refused(device: str) -> None:
    if not Path(device).exists():
        pytest.skip(f"no {device} here")
    with pytest.raises(errors.ReadError, match="is a device"):
        files.read(device)


def test_a_pipe_beside_a_photo_as_its_sidecar_is_passed_over(home: Path) -> None:
    os.mkfifo(home / "night.xmp")
    os.mkfifo(home / "night.png.xmp")
    assert files.read(home / "night.png").metadata.xmp is None


@pytest.mark.parametrize("redirected", [False, True])
def test_standard_input_is_read_whole(redirected: bool, home: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (400, 500, 3), np.uint8)
    Image.fromarray(noise).save(home / "large.png")  # more than a pipe holds
    program = "from llflow_photo import files; print(files.read('/dev/stdin').pixels.shape)"
    content = (home / "large.png").read_bytes()
    given = {"stdin": (home / "large.png").open("rb")} if redirected else {"input": content}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=600, check=True, **given
    )
    assert done.stdout.strip() == b"(400, 500, 3)"


def test_an_empty_stream_is_refused() -> None:
    read, write = os.pipe()
    os.close(write)
    try:
        with pytest.raises(errors.ReadError, match="empty"):
            files.read(f"/dev/fd/{read}")
    finally:
        os.close(read)


@pytest.mark.parametrize(
    ("name", "limit"),
    [("a.jpg", 65500), ("a.webp", 16383), ("a.avif", 32768), ("a.heic", 65528), ("a.dng", 64000)],
)
def test_photos_too_large_for_a_format(name: str, limit: int) -> None:
    check_dimensions(Path(name), None, limit, 10)
    for size in ((limit + 1, 10), (10, limit + 1)):
        with pytest.raises(errors.WriteError, match=f"at most {limit} pixels per side"):
            check_dimensions(Path(name), None, *size)
    check_dimensions(Path("a.tif"), None, 100_000, 10)


def test_an_avif_of_too_many_pixels() -> None:
    check_dimensions(Path("a.avif"), None, 16384, 16384)
    with pytest.raises(errors.WriteError, match="at most 268 megapixels"):
        check_dimensions(Path("a.avif"), None, 16384, 16385)


@pytest.mark.parametrize(
    ("name", "width"), [("a.avif", 32768), ("a.webp", 16383), ("a.jpg", 65500), ("a.dng", 64000)]
)
def test_what_is_within_a_formats_limits_can_be_read_again(name: str, width: int, tmp_path: Path) -> None:
    photo = Photo(np.full((24, width, 3), 0.3, np.float32))
    files.write(photo, tmp_path / name)
    assert files.read(tmp_path / name).width == width


def test_a_panorama_too_wide_is_refused_before_the_rendering(tmp_path: Path) -> None:
    Image.new("RGB", (16_400, 2)).save(tmp_path / "wide.png")

    class Never:
        def encode(self, *_: object, **__: object) -> None:
            raise AssertionError("rendered")

    with pytest.raises(errors.WriteError, match="16383"):
        llflow_photo.enhance_file(tmp_path / "wide.png", tmp_path / "o.webp", enhancer=Never())  # type: ignore[arg-type]
