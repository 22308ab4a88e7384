"""Scores on simulated night RAW files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from llflow_photo.camera.curves import linear_to_srgb, srgb_to_linear
from llflow_photo.evaluation.baseline import auto_bright
from llflow_photo.evaluation.night import WELL_EXPOSED, Renderer, baselines, evaluate_night


@pytest.fixture
def photos() -> dict[str, np.ndarray]:
    return {"cup": data.coffee(), "cat": data.chelsea(), "pad": data.rocket()}


def _gain(ev: float) -> Renderer:
    """A model that knows the exposure: multiplies light, knows nothing of noise."""
    import rawpy

    def render(path: Path) -> np.ndarray:
        if path.suffix == ".png":
            return np.asarray(Image.open(path), np.float32) / 255
        with rawpy.imread(str(path)) as raw:
            pixels = raw.postprocess(gamma=(1, 1), no_auto_bright=True, use_camera_wb=True, output_bps=16)
        return linear_to_srgb(pixels / 65535 * 2.0**-ev)

    return render


def test_a_model_is_scored_on_each_night_and_on_bright_photos(
    photos: dict[str, np.ndarray],
) -> None:
    del photos["pad"]
    done: list[str] = []
    models = {"-3": _gain(-3), "-5": _gain(-5)}
    rows = evaluate_night(photos, models, longest=96, shot=0.0001, progress=done.append)
    score = {(row.method, row.condition): row for row in rows}
    assert len(score) == 6 and {row.photos for row in rows} == {2} and len(done) == 6
    right, wrong = score["-3", "-3 EV daylight"], score["-5", "-3 EV daylight"]
    assert right.psnr > wrong.psnr + 5
    assert right.psnr > 24 and right.psnr > score["-5", "-5 EV tungsten"].psnr > 16
    assert score["-3", WELL_EXPOSED].psnr == 60.0


def test_auto_brightness_makes_a_dark_file_bright(photos: dict[str, np.ndarray]) -> None:
    pytest.importorskip("cv2")
    rows = evaluate_night(photos, {}, baselines(), longest=96)
    assert {row.method for row in rows} == {
        "LibRaw auto-brightness",
        "LibRaw auto-brightness, NLM h=15",
        "LibRaw auto-brightness, NLM h=30",
    }
    assert all(8 < row.psnr < 30 and row.photos == 3 for row in rows)


def test_the_baseline_uses_auto_brightness(tmp_path: Path) -> None:
    from llflow_photo.camera import night, simulate_night_raw, write_frame_dng

    settings = night(-4.0)
    frame = simulate_night_raw(np.asarray(data.coffee()), settings, np.random.default_rng(0))
    write_frame_dng(tmp_path / "cup.dng", frame)
    bright = auto_bright(tmp_path / "cup.dng")
    expected = linear_to_srgb(srgb_to_linear(np.asarray(data.coffee())) / 16) * 255
    assert bright.mean() > 2.5 * expected.mean()
