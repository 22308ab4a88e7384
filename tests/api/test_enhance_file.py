"""`enhance_file`: originals are not modified, settings are stored, files are complete."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from llflow_photo import Options, enhance, enhance_file, errors, files


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    path = tmp_path / "night.png"
    Image.fromarray(random.integers(0, 40, (24, 40, 3), dtype=np.uint8)).save(path)
    return path


def test_a_file_holds_what_enhance_gives(photo: Path, tiny_model: Path, tmp_path: Path) -> None:
    options = Options(model=str(tiny_model), temperature=0.8, seed=7)
    result = enhance_file(photo, tmp_path / "out.tif", options, files.Encoding(bit_depth=16))
    assert result.outputs == (tmp_path / "out.tif",)
    assert (result.width, result.height, result.seeds) == (40, 24, (7,))
    written = files.read(tmp_path / "out.tif")
    np.testing.assert_allclose(written.pixels, enhance(photo, options=options), atol=1 / 65535)
    settings = files.read_settings(written.metadata)
    assert (settings["model"], float(settings["temperature"]), settings["seed"]) == (
        "tiny.safetensors",
        0.8,
        "7",
    )


def test_samples_are_numbered(photo: Path, tiny_model: Path, tmp_path: Path) -> None:
    options = Options(model=str(tiny_model), temperature=0.8, samples=2, seed=1)
    result = enhance_file(photo, tmp_path / "out.jpg", options)
    assert [path.name for path in result.outputs] == ["out_s1.jpg", "out_s2.jpg"]
    assert result.seeds == (1, 2)
    settings = files.read_settings(files.read(result.outputs[1]).metadata)
    assert settings["seed"] == "2"


def test_the_original_is_never_overwritten(photo: Path, tiny_model: Path, tmp_path: Path) -> None:
    before = photo.read_bytes()
    (tmp_path / "link.png").symlink_to(photo)
    for target in (photo, tmp_path / "link.png", tmp_path / "." / "night.png"):
        with pytest.raises(errors.WriteError, match="is the photo itself"):
            enhance_file(photo, target, Options(model=str(tiny_model)))
    assert photo.read_bytes() == before


@pytest.mark.parametrize("grain", [0.0, 1.0])
def test_values_that_are_not_finite_are_never_written(photo: Path, tmp_path: Path, grain: float) -> None:
    def decode(latent: Any, **_: Any) -> np.ndarray:
        pixels = np.full((24, 40, 3), 0.5, np.float32)
        pixels[3, 4, 1] = np.nan
        return pixels

    def encode(view: np.ndarray, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(
            decode=decode,
            has_noise=lambda latent: latent.grain > 0,
            keeps_guess=False,
            forget_photo=lambda: None,
        )

    enhancer: Any = SimpleNamespace(encode=encode)
    with pytest.raises(errors.NonFiniteOutputError):
        enhance_file(photo, tmp_path / "out.png", Options(temperature=grain, grain=grain), enhancer=enhancer)
    assert not list(tmp_path.glob("out*"))
