"""Tables of scores: as is and aligned, means, CSV, and optional metrics."""

from __future__ import annotations

import csv
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from llflow_photo.errors import CancelledError, TrainingDataError
from llflow_photo.evaluation import ScoreTable, metrics_at_hand, names_of, psnr, score_pairs
from llflow_photo.evaluation.metrics import gray
from llflow_photo.evaluation.perceptual import load_lpips, load_ssimulacra2


def _pictures(count: int, size: int = 32) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    smooth = random.random((count, size // 4, size // 4, 3)).repeat(4, 1).repeat(4, 2)
    return list((0.2 + 0.5 * smooth).astype(np.float32))


def test_a_table_holds_both_protocols_and_their_means(tmp_path: Path) -> None:
    first, second = _pictures(2)
    pairs = [("a", 0.5 * first, first), ("b", second + 0.01, second)]
    table = score_pairs(pairs, {"psnr": psnr})
    assert table.rows["a"]["psnr"].as_is == pytest.approx(psnr(0.5 * first, first))
    assert table.rows["a"]["psnr"].aligned > 100
    assert table.rows["b"]["psnr"].as_is == pytest.approx(40.0, abs=0.01)
    mean = table.mean("psnr")
    assert mean.as_is == pytest.approx(np.mean([row["psnr"].as_is for row in table.rows.values()]))
    table.write_csv(tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["photo"] for row in rows] == ["a", "b", "mean"]
    assert float(rows[2]["psnr"]) == pytest.approx(mean.as_is, rel=1e-5)
    assert float(rows[0]["luma"]) == pytest.approx(0.5 * float(rows[0]["luma_reference"]), rel=1e-5)
    assert float(rows[0]["psnr_aligned"]) == pytest.approx(table.rows["a"]["psnr"].aligned, rel=1e-5)


def test_photos_of_the_same_name_all_count(tmp_path: Path) -> None:
    first, second = _pictures(2)
    pairs = [("a", 0.5 * first, first), ("a", second + 0.01, second), ("mean", first + 0.1, first)]
    table = score_pairs(pairs, {"psnr": psnr})
    expected = [psnr(image, reference) for _, image, reference in pairs]
    assert [row["psnr"].as_is for row in table.rows.values()] == pytest.approx(expected)
    assert table.mean("psnr").as_is == pytest.approx(np.mean(expected))
    table.write_csv(tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["photo"] for row in rows] == ["a", "a (2)", "mean", "mean"]
    assert [float(row["psnr"]) for row in rows[:3]] == pytest.approx(expected, rel=1e-5)


def test_names_of_photos_are_unique(tmp_path: Path) -> None:
    places = [tmp_path / "s1/low.png", tmp_path / "s2/low.png", tmp_path / "s2/other.png"]
    assert names_of(places[1:]) == ["low.png", "other.png"]
    assert names_of(places) == ["s1/low.png", "s2/low.png", "s2/other.png"]
    assert names_of([]) == []


def test_the_brightness_of_renderings_is_compared_with_that_of_references() -> None:
    picture = _pictures(1)[0]

    def compared(*gains: float) -> ScoreTable:
        """Renderings with these gains of references with gains 1, 0.8, 0.6, ..."""
        pairs = [(str(n), gain * picture, (1 - 0.2 * n) * picture) for n, gain in enumerate(gains)]
        return score_pairs(pairs, {"psnr": psnr})

    assert compared(0.9, 0.7, 0.5).luma_correlation == pytest.approx(1.0)
    assert compared(0.6, 0.8, 1.0).luma_correlation == pytest.approx(-1.0)
    assert np.isnan(compared(0.5, 0.5, 0.5).luma_correlation)
    wanted = 0.1 * float(gray(picture).mean())
    assert compared(0.9, 0.7, 0.5).luma_error == pytest.approx(wanted, rel=1e-4)


def test_pairs_of_different_sizes_are_named() -> None:
    first = _pictures(1)[0]
    with pytest.raises(TrainingDataError, match="night is 32x16, its reference 32x32"):
        score_pairs([("night", first[:16], first)], {"psnr": psnr})
    with pytest.raises(TrainingDataError, match="no pairs"):
        score_pairs([], {"psnr": psnr})
    with pytest.raises(CancelledError):
        score_pairs([("a", first, first)], {"psnr": psnr}, cancel=lambda: True)


def test_ssimulacra2_orders_pictures() -> None:
    pytest.importorskip("ssimulacra2")
    metric, reason = load_ssimulacra2()
    assert metric is not None
    assert not reason
    picture = _pictures(1, 64)[0]
    noise = np.random.default_rng(1).standard_normal(picture.shape).astype(np.float32)
    scores = [metric(picture + amount * noise, picture) for amount in (0.0, 0.01, 0.1)]
    assert scores[0] == pytest.approx(100.0, abs=0.01)
    assert scores[0] > scores[1] > scores[2]


def test_missing_packages_are_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ssimulacra2", None)
    monkeypatch.setitem(sys.modules, "lpips", None)
    metrics, missing = metrics_at_hand()
    assert set(metrics) == {"psnr", "ssim", "ssim_gray"}
    assert missing == [
        "SSIMULACRA2 is omitted: pip install ssimulacra2",
        "LPIPS is omitted: pip install lpips",
    ]


def test_lpips_is_used_if_its_backbone_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    class Network(torch.nn.Module):
        def __init__(self, net: str, verbose: bool) -> None:
            super().__init__()
            assert (net, verbose) == ("alex", False)

        def forward(self, first: torch.Tensor, second: torch.Tensor, normalize: bool) -> torch.Tensor:
            assert normalize  # values in [0, 1] are scaled by the package
            assert first.shape == (1, 3, 32, 32)
            return (first - second).abs().mean()

    monkeypatch.setitem(sys.modules, "lpips", types.SimpleNamespace(LPIPS=Network))
    metric, _ = load_lpips()
    picture = _pictures(1)[0]
    assert metric is not None
    assert metric(picture + 0.25, picture) == pytest.approx(0.25, rel=1e-5)

    def no_network(**_: object) -> None:
        raise OSError("no route\nto host")

    monkeypatch.setitem(sys.modules, "lpips", types.SimpleNamespace(LPIPS=no_network))
    metric, reason = load_lpips()
    assert metric is None
    assert reason == "LPIPS is omitted: its backbone cannot be loaded (no route)"
