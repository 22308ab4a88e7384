"""Development of many frames at once against LibRaw's own of each."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from llflow_photo.camera import (
    develop,
    develop_many,
    night,
    random_night,
    simulate_night_raw,
    write_frame_dng,
)
from llflow_photo.camera.raw import PATTERNS
from llflow_photo.camera.sensors import CAMERAS
from llflow_photo.color.working import to_network
from llflow_photo.errors import ImageInputError
from llflow_photo.evaluation.metrics import psnr
from llflow_photo.files import read


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(data.astronaut()[100:228, 150:310])


@pytest.mark.parametrize("cut", [(0, 0), (1, 1)])
def test_stacked_frames_develop_like_single_ones(photo: np.ndarray, cut: tuple[int, int]) -> None:
    """Exactly so for the camera whose matrix guides the stack's demosaic: all else is LibRaw's own rule."""
    random = np.random.default_rng(0)
    clean = photo[: 128 - cut[0], : 160 - cut[1]]
    nights = [
        replace(night(ev, light, CAMERAS[1], pattern=pattern), black_level=512 + index)
        for index, (ev, light, pattern) in enumerate(
            zip((0.0, -2.0, -3.0, -5.0), ("daylight", "led", "tungsten", "sodium"), PATTERNS, strict=True)
        )
    ]
    frames = [simulate_night_raw(clean, settings, random) for settings in nights]
    contrast = [False, True, False, False]
    stacked = develop_many(frames, contrast)
    assert stacked.shape == (4, *clean.shape) and stacked.dtype == np.float32
    for frame, curve, together in zip(frames, contrast, stacked, strict=True):
        alone = develop(frame, curve)
        error = np.abs(together - alone)[8:-8, 8:-8]
        assert (error > 1e-3).mean() < 1e-3
        assert np.median(error) < 2e-4


def test_other_cameras_differ_only_in_the_demosaics_choices(photo: np.ndarray) -> None:
    random = np.random.default_rng(3)
    frames = [simulate_night_raw(photo, random_night(random), random) for _ in range(8)]
    stacked = develop_many(frames)
    errors = []
    for frame, together in zip(frames, stacked, strict=True):
        alone = develop(frame)
        errors.append(psnr(together[8:-8, 8:-8], alone[8:-8, 8:-8]))
        assert together.mean() == pytest.approx(alone.mean(), rel=0.01)
    assert min(errors) > 30 and all(math.isfinite(error) for error in errors)


def test_frames_of_several_sizes_are_refused(photo: np.ndarray) -> None:
    random = np.random.default_rng(0)
    frames = [simulate_night_raw(photo[:size], night(-3.0), random) for size in (64, 80)]
    with pytest.raises(ImageInputError, match="equal sizes"):
        develop_many(frames)


@pytest.mark.parametrize("seed", range(4))
def test_training_sees_what_the_package_makes_of_a_raw_file(
    tmp_path: Path, photo: np.ndarray, seed: int
) -> None:
    """But for the demosaic's choices between directions, and repaired hot pixels."""
    random = np.random.default_rng(seed)
    settings = random_night(random)
    frame = simulate_night_raw(photo, settings, random)
    write_frame_dng(tmp_path / "frame.dng", frame)
    view, _ = to_network(read(tmp_path / "frame.dng"))
    developed = develop_many([frame])[0]
    assert view.shape == developed.shape
    assert view.mean((0, 1)) == pytest.approx(developed.mean((0, 1)), rel=0.01)
    assert np.median(np.abs(view - developed)) < 1e-3
