"""Statistics and tables of the findings."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "findings"))

import artifacts
import calibration
import temperature
import trainings
from finding_parts import kinds, measures, report
from finding_parts.datasets import Dataset, Example, evenly, network_image

from llflow_photo.engine import Latent
from llflow_photo.flow import DenseSize, LLFlow, Size, UNetSize
from llflow_photo.models.store import save


def test_auc_is_the_probability_of_a_larger_value() -> None:
    assert measures.auc(np.array([3, 4]), np.array([1, 2])) == 1
    assert measures.auc(np.array([1, 2]), np.array([3, 4])) == 0
    assert measures.auc(np.array([1, 3]), np.array([2, 3])) == pytest.approx((0 + 0 + 1 + 0.5) / 4)
    random = np.random.default_rng(0)
    assert measures.auc(random.normal(1, 1, 4000), random.normal(0, 1, 4000)) == pytest.approx(
        0.760, abs=0.02
    )
    with pytest.raises(ValueError, match="both sides"):
        measures.auc(np.array([]), np.array([1.0]))


def test_best_and_mean_are_of_photos_renderings() -> None:
    assert measures.best_and_mean(np.array([[1.0, 3.0], [5.0, 7.0]])) == (5.0, 4.0)


def test_deciles_follow_the_predictor_and_blocks_drop_the_rest() -> None:
    values = np.arange(100.0)
    assert measures.decile_means(-values.reshape(10, 10), values.reshape(10, 10))[0] == 94.5
    blocks = measures.block_mean(np.add.outer(np.arange(17) // 8, np.zeros(9)))
    assert blocks.shape == (2, 1) and blocks.ravel().tolist() == [0.0, 1.0]


def test_steps_between_blocks_are_those_of_their_means() -> None:
    picture = np.zeros((16, 24, 3), np.float32)
    picture[:8, 8:16] = 0.6  # its block differs from three of its neighbors; there are 7 pairs
    picture[:, ::2] += 0.01  # what varies within blocks does not count
    assert measures.block_step(picture) == pytest.approx(3 * 0.6 / 7, rel=1e-5)


def test_photos_are_evenly_spaced() -> None:
    assert evenly(range(24), 6) == [0, 4, 8, 12, 16, 20]
    assert evenly("abc", 9) == ["a", "b", "c"]


def test_patches_are_changed_and_nothing_else() -> None:
    picture = data.astronaut()[:400].astype(np.float32) / 255
    altered, where, outside = artifacts.with_artifacts(picture, np.random.default_rng(3))
    assert list(where) == list(artifacts.ARTIFACTS)
    assert np.array_equal(altered[outside], picture[outside])
    touched = np.zeros(outside.shape, int)
    for patch in where.values():
        assert np.abs(altered - picture)[patch].mean() > 0.002
        assert not outside[patch].any()
        touched[patch] += 1
    assert touched.max() == 1 and touched.sum() == len(where) * artifacts.SIDE**2
    with pytest.raises(ValueError, match="no room"):
        artifacts.places(200, 200, 6, np.random.default_rng(0))


def test_changes_of_equal_distance() -> None:
    reference = data.astronaut()[:96, :128].astype(np.float32) / 255
    changed = artifacts.equally_far(Example("", reference, reference), np.random.default_rng(0))
    for picture in changed.values():
        assert np.abs(picture - reference).mean() == pytest.approx(artifacts.L1, rel=1e-4)


@pytest.mark.parametrize("wanted", [-7.0, -4.0])
def test_darkened_images_have_the_wanted_exposure(wanted: float) -> None:
    random = np.random.default_rng(0)
    for picture in (kinds.screenshot(random, 96, 128), kinds.noise_picture(random, 96, 128)):
        assert picture.shape == (96, 128, 3) and picture.dtype == np.float32
        assert kinds.exposure_ev(kinds.as_dark_as(picture, wanted)) == pytest.approx(wanted, abs=0.3)


def test_rows_of_other_models_are_kept(tmp_path: Path) -> None:
    report.keep("one", [{"model": "a", "value": 1.0}, {"model": "b", "value": 2.0}], folder=tmp_path)
    rows = report.keep("one", [{"model": "a", "value": 3.0}], folder=tmp_path)
    assert rows == [{"model": "a", "value": "3.0000"}, {"model": "b", "value": "2.0000"}]


def test_a_table_replaces_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- x -->\n\nold\n\n<!-- end of x -->\nafter\n")
    report.put_table("x", report.markdown(["a"], [["\\1"]]), page)
    assert page.read_text() == "before\n<!-- x -->\n\n| a |\n|---|\n| \\1 |\n\n<!-- end of x -->\nafter\n"
    with pytest.raises(ValueError, match="lacks the marks"):
        report.put_table("y", "", page)


def test_without_the_color_map_the_latent_mean_is_zero() -> None:
    torch.manual_seed(0)
    model = LLFlow(Size(DenseSize(8, 4, 1, (0,)), steps=1, hidden=8)).eval()
    photo = torch.rand(1, 3, 16, 24)
    before = model.encode(photo)
    after = trainings.with_zero_mean(model).encode(photo)
    assert before.mean.abs().max() > 0 and after.mean.abs().max() == 0
    for one, other in zip(before.levels, after.levels, strict=True):
        assert torch.equal(one, other)


def test_temperatures_of_a_photo_are_rows_with_the_guess_first(tmp_path: Path) -> None:
    torch.manual_seed(0)
    reference = data.astronaut()[200:232, 200:240].astype(np.float32) / 255
    dataset = Dataset("LOL", str(_tiny_model(tmp_path)), [Example("one", reference * 0.2, reference)])
    guess, *rows = temperature.measure(dataset)
    assert (guess["temperature"], guess["diversity"]) == (0.0, 0.0)
    assert guess["step"] == pytest.approx(1, abs=1e-3)
    assert len(rows) == len(temperature.TEMPERATURES) * len(temperature.GRAINS)
    diversity = {(row["temperature"], row["grain"]): row["diversity"] for row in rows}
    assert diversity[0.2, 1.0] < diversity[1.0, 1.0] and diversity[1.0, 0.25] < diversity[1.0, 1.0]
    assert all(row["psnr_best"] >= row["psnr_one"] for row in rows)
    written = temperature.table(report.keep("some", [guess, *rows], folder=tmp_path))
    assert len(written.splitlines()) == 2 + 1 + len(rows)


def test_residuals_are_one_if_the_prior_is_calibrated(tmp_path: Path) -> None:
    from llflow_photo.loading import load_model

    path = str(_tiny_model(tmp_path))
    flow = load_model(path).flow
    assert flow.prior is not None
    dark = np.random.default_rng(0).uniform(0.0, 0.2, (64, 80, 3)).astype(np.float32)
    with torch.inference_mode():
        given = flow.encode(network_image(dark))
        latents = given.mean + flow.prior.sample((8, 10), 6, torch.Generator().manual_seed(0))
        drawn = flow.decode(given, latents).permute(0, 2, 3, 1).numpy()
    (row,) = calibration.residuals(Dataset("LOL", path, [Example("", dark, one) for one in drawn]))
    assert [row[part] for part in ("frame", "regions", "detail")] == pytest.approx([1, 1, 1], abs=0.25)
    assert calibration.residual_table([row]).count("\n") == 2


def test_light_of_frame_and_regions() -> None:
    values = np.zeros((43, 64, 3), np.float32)
    values[:, :32] = [0.3, 0.1, 0.2]
    values[:, 32:] = [0.1, 0.1, -0.2]
    frame, regions = measures.frame_and_regions(values)
    assert frame == pytest.approx((0.2**2 + 0.1**2) / 3, rel=1e-5)
    assert regions == pytest.approx((0.1**2 + 0.2**2) / 3, rel=1e-5)


def test_light_of_references_and_renderings(tmp_path: Path) -> None:
    dark = np.random.default_rng(0).uniform(0.0, 0.2, (64, 80, 3)).astype(np.float32)
    dataset = Dataset("LOL", str(_tiny_model(tmp_path, spread=1.0)), [Example("one", dark, dark)])
    guess = dataset.enhancer.encode(dark).decode(Latent())
    shifted = replace(dataset, examples=[Example("one", dark, guess + np.float32(0.1))])
    references, weak, full = calibration.light(shifted)
    assert references["frame"] == pytest.approx(25.5, rel=1e-4) and references["regions"] < 1e-2
    assert 0 < weak["frame"] < full["frame"] and 0 < weak["regions"] < full["regions"]
    assert len(calibration.light_table([references, weak, full]).splitlines()) == 5


def _tiny_model(folder: Path, spread: float = 0.0) -> Path:
    """A network with a whole-photo branch and random weights; looks vary by ``spread`` in each direction."""
    torch.manual_seed(0)
    size = Size(UNetSize((4, 4, 4), (1, 1, 1), (1, 1), 8), steps=(1, 1, 1), hidden=4, prior=True)
    state = LLFlow(size).state_dict()
    state["prior.spread"].fill_(spread)
    save(state, size, folder / "tiny.safetensors", {}, False)
    return folder / "tiny.safetensors"


def test_no_two_trainings_share_a_folder(tmp_path: Path) -> None:
    runs = [(variant, seed) for variant in trainings.VARIANTS for seed in (0, 1)]
    assert len({trainings.run_folder(tmp_path, *run) for run in runs}) == len(runs)
