"""``evaluate``, with a tiny network and with renderings."""

from __future__ import annotations

import csv
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from llflow_photo.cli import main

pytestmark = pytest.mark.usefixtures("users")


def test_a_folder_of_renderings_is_evaluated(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = ["--low", str(pairs / "low"), "--high", str(pairs / "high")]
    assert main(["evaluate", *folders, "--rendered", str(pairs / "high")]) == 0
    assert re.search(r"SSIM +1\.0000 +1\.0000", capsys.readouterr().out)
    assert main(["evaluate", "--low", str(pairs / "low")]) == 2
    assert "give --low DIR and --high DIR" in capsys.readouterr().err


def test_photos_of_the_same_name_are_scored_apart(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["low,high,scene"]
    for number in range(3):
        (tmp_path / f"set/s{number}").mkdir(parents=True)
        shutil.copyfile(pairs / f"low/{number}.png", tmp_path / f"set/s{number}/low.png")
        shutil.copyfile(pairs / f"high/{number}.png", tmp_path / f"set/s{number}/high.png")
        lines.append(f"s{number}/low.png,s{number}/high.png,{number}")
    (tmp_path / "set/pairs.csv").write_text("\n".join(lines))
    table = tmp_path / "scores.csv"
    assert main(["evaluate", "--data", str(tmp_path / "set"), "--csv", str(table), "--strength", "0"]) == 0
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["photo"] for row in rows] == ["s0/low.png", "s1/low.png", "s2/low.png", "mean"]
    scores = [float(row["psnr"]) for row in rows]
    assert len(set(scores)) == 4 and scores[3] == pytest.approx(np.mean(scores[:3]), abs=1e-4)
    assert "mean of 3 photos" in capsys.readouterr().out
    assert main(["evaluate", "--data", str(tmp_path / "set"), "--rendered", str(pairs / "high")]) == 2
    shutil.copyfile(pairs / "high/0.png", pairs / "high/low.png")
    assert main(["evaluate", "--data", str(tmp_path / "set"), "--rendered", str(pairs / "high")]) == 2
    assert "have the same name, so that --rendered is ambiguous" in capsys.readouterr().err


def test_only_photos_are_taken_as_renderings(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (pairs / "high").iterdir():
        path.with_suffix(".xmp").write_text("settings")
    words = ["evaluate", "--data", str(pairs), "--rendered", str(pairs / "renderings")]
    shutil.copytree(pairs / "high", pairs / "renderings")
    assert main(words) == 0
    shutil.copyfile(pairs / "high/0.png", pairs / "renderings/0.jpg")
    capsys.readouterr()
    assert main(words) == 2
    assert "has 0.jpg and 0.png for 0.png; keep one of them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "{pairs}", "--part", "test"], "has no parts, as LOL and VE-LOL have; leave out --part"),
        (["--low", "{low}", "--high", "{high}", "--part", "test"], "--part chooses a part of --data"),
        (["--data", "{pairs}", "--ev", "-3"], "nights are simulated only with --night; .*leave out --ev"),
        (["--data", "{pairs}", "--light", "led"], "only with --night; give it, or leave out --light"),
        (["--data", "{pairs}", "--shot", "0.1"], "only with --night; give it, or leave out --shot"),
        (["--data", "{pairs}", "--longest", "64"], "only with --night; give it, or leave out --longest"),
        (["--data", "{pairs}", "--no-baseline"], "only with --night; give it, or leave out --no-baseline"),
        (["--data", "{pairs}", "--split-seed", "1"], "--split-seed chooses the photos of --held-out"),
        (["--data", "{pairs}", "--samples", "3"], "--samples is 3, but one rendering is scored"),
        (["--data", "{pairs}", "--device", "toaster"], "device is 'toaster'; give 'auto'"),
        (["--data", "{pairs}", "--model", "absent"], "there is no model 'absent'; known are"),
        (
            ["--data", "{pairs}", "--rendered", "{high}", "--model", "absent", "--no-protect-highlights"],
            "--rendered scores images as they are; leave out --model and --no-protect-highlights",
        ),
        (["--night", "{high}", "--part", "test"], "--night simulates its pairs; leave out --part"),
        (["--night", "{high}", "--low", "{low}", "--rendered", "{high}"], "leave out --low and --rendered"),
        (["--night", "{high}", "--ev", "-3", "--light", "led", "led"], "2 names for 1 exposures"),
        (["--night", "{high}", "--model", "absent"], "there is no model 'absent'; known are"),
    ],
)
def test_options_that_would_be_ignored_are_rejected(
    arguments: list[str], words: str, pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = {"pairs": pairs, "low": pairs / "low", "high": pairs / "high"}
    assert main(["evaluate", *(word.format(**folders) for word in arguments)]) == 2
    assert re.search(words, " ".join(capsys.readouterr().err.split()))


def test_nights_have_the_lights_that_the_help_states(
    pairs: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated: list[object] = []

    def score(*_: object, conditions: object, **__: object) -> list[object]:
        simulated.append(conditions)
        return []

    monkeypatch.setattr("llflow_photo.evaluation.night.evaluate_night", score)
    words = ["evaluate", "--night", str(pairs / "high"), "--model", str(tiny_model), "--no-baseline"]
    for more in ([], ["--ev", "-3", "-5"], ["--ev", "-4"], ["--light", "led"], ["--ev", "-1", "-2", "-3"]):
        assert main([*words, *more]) == 0
    assert simulated == [
        [(-3.0, "daylight"), (-5.0, "tungsten")],
        [(-3.0, "daylight"), (-5.0, "tungsten")],
        [(-4.0, "daylight")],
        [(-3.0, "led"), (-5.0, "led")],
        [(-1.0, "daylight"), (-2.0, "tungsten"), (-3.0, "tungsten")],
    ]


def test_a_failed_evaluation_leaves_no_table(pairs: Path, tmp_path: Path) -> None:
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    old.write_text("earlier scores")
    for path in (pairs / "high").iterdir():
        path.write_bytes(b"no photo")
    for table in (new, old):
        assert main(["evaluate", "--data", str(pairs), "--csv", str(table)]) == 1
    assert not new.exists()
    assert old.read_text() == "earlier scores"


def test_impossible_evaluations_are_rejected_at_once(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--data", str(pairs), "--csv", str(pairs)]) == 1
    assert "is a directory; choose another path" in capsys.readouterr().err
    assert main(["evaluate", "--data", str(pairs), "--held-out", "99"]) == 2
    assert "there are 5 scenes" in capsys.readouterr().err


def test_a_model_is_scored_on_simulated_nights(
    pairs: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "night.csv"
    words = ["evaluate", "--night", str(pairs / "high"), "--model", str(tiny_model), "--no-baseline"]
    nights = ["--ev", "-4", "-2", "--light", "led"]
    assert main([*words, *nights, "--held-out", "2", "--csv", str(table)]) == 0
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["condition"] for row in rows] == ["-4 EV led", "-2 EV led", "well exposed, against itself"]
    assert {row["photos"] for row in rows} == {"2"} and {row["method"] for row in rows} == {str(tiny_model)}
    assert f"-4 EV led                     {tiny_model}  " in capsys.readouterr().out  # on one line
    for wrong in (["--light", "moon"], ["--held-out", "9"], ["--data", str(pairs)]):
        assert main([*words, *wrong]) == 2
    assert "give one of" in capsys.readouterr().err


def test_a_baseline_without_opencv_is_rejected_before_scoring(
    pairs: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scored: list[object] = []

    def score(*_: object, **__: object) -> list[object]:
        scored.append("once")
        return []

    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setattr("llflow_photo.evaluation.night.evaluate_night", score)
    words = ["evaluate", "--night", str(pairs / "high"), "--model", str(tiny_model)]
    assert main(words) == 1
    printed = capsys.readouterr().err.strip()
    assert re.fullmatch(r"error: .*pip install 'llflow-photo\[evaluate\]', or give --no-baseline", printed)
    assert not scored
    assert main([*words, "--no-baseline"]) == 0
    assert scored


def test_an_option_without_effect_on_scores_is_noted(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = ["--low", str(pairs / "low"), "--high", str(pairs / "absent")]
    assert main(["evaluate", *folders, "--grain", "1"]) == 1
    assert capsys.readouterr().err.startswith("note: at temperature 0 there is no grain; ")
