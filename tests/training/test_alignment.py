"""Invalid pairs are found before training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data, transform

from llflow_photo.cli import main
from llflow_photo.training.alignment import check_pairs, shift_between
from llflow_photo.training.pairs import Pair


def _dark(photo: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 2.0, photo.shape)
    return np.clip(photo * 0.12 + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(data.astronaut()[:260, :300])


@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (-7, 5)])
def test_a_whole_shift_is_found_under_noise(photo: np.ndarray, shift: tuple[int, int]) -> None:
    moved = np.roll(photo, shift, (0, 1))[10:-10, 10:-10]
    assert shift_between(_dark(moved), photo[10:-10, 10:-10]) == pytest.approx(shift, abs=0.3)


def test_a_shift_of_less_than_a_pixel_is_found(photo: np.ndarray) -> None:
    moved = transform.warp(photo, transform.AffineTransform(translation=(-0.6, 0.4)), preserve_range=True)
    found = shift_between(_dark(moved)[8:-8, 8:-8], photo[8:-8, 8:-8])
    assert found == pytest.approx((-0.4, 0.6), abs=0.25)


def _write(folder: Path, name: str, low: np.ndarray, high: np.ndarray) -> Pair:
    for part, pixels in (("low", low), ("high", high)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / part / f"{name}.png")
    return Pair(folder / "low" / f"{name}.png", folder / "high" / f"{name}.png", name)


def test_problems_of_pairs_are_reported(photo: np.ndarray, tmp_path: Path) -> None:
    calm = (photo * 0.8).astype(np.uint8)
    good = _write(tmp_path, "good", _dark(calm), calm)
    moved = _write(tmp_path, "moved", _dark(np.roll(calm, 4, 0)), calm)
    swapped = _write(tmp_path, "swapped", calm, _dark(calm))
    white = _write(tmp_path, "white", _dark(calm), np.clip(calm * 2.5, 0, 255).astype(np.uint8))
    found = {check.pair.scene: check.complaints for check in check_pairs([good, moved, swapped, white])}
    assert found["good"] == ()
    assert "shifted by +4.0 rows" in found["moved"][0]
    assert "swapped" in found["swapped"][0]
    assert any("white" in complaint for complaint in found["white"])


def test_pairs_that_cannot_be_loaded_are_reported_with_the_others(photo: np.ndarray, tmp_path: Path) -> None:
    calm = (photo * 0.8).astype(np.uint8)
    broken = _write(tmp_path, "a", _dark(calm), calm)
    broken.high.write_bytes(b"no photo")
    unequal = _write(tmp_path, "b", _dark(calm)[:100], calm)
    moved = _write(tmp_path, "c", _dark(np.roll(calm, 4, 0)), calm)
    found = [check.complaints[0] for check in check_pairs([broken, unequal, moved])]
    assert found[0].startswith(f"cannot read {broken.high}: ")
    assert "its reference 300x260" in found[1]
    assert found[2].startswith("shifted by")


def test_the_command_lists_bad_pairs_and_fails(
    photo: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    calm = (photo * 0.8).astype(np.uint8)
    _write(tmp_path, "a", _dark(calm), calm)
    assert main(["train", f"--data=~/{tmp_path.name}", "--check"]) == 0
    assert "1 pair matches" in capsys.readouterr().out
    _write(tmp_path, "b", _dark(np.roll(calm, 4, 1)), calm)
    assert main(["train", "--data", str(tmp_path), "--check"]) == 1
    shown = capsys.readouterr().out
    assert "b.png" in shown and "+4.0 columns" in shown and "1 of 2 pairs" in shown
