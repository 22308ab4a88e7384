"""``train``, on a tiny network."""

from __future__ import annotations

import csv
import json
import re
import signal
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from train_helpers import SIZE, interrupted_after_one_step, train

from llflow_photo import models
from llflow_photo.cli import main
from llflow_photo.training.lock import locked
from llflow_photo.training.recipe import Recipe
from llflow_photo.training.session import read_settings

pytestmark = pytest.mark.usefixtures("users")


def test_training_ends_with_a_model_that_can_be_evaluated(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "mine"
    assert train(pairs, run, "--stages", "16x2:2,24x1:1", "--lr", "1e-3", "--seed", "4") == 0
    card = models.find(run / "mine.safetensors")
    assert card.iterations == 3
    assert card.recipe["learning_rate"] == 1e-3
    assert card.recipe["seed"] == 4
    assert {"psnr", "psnr_aligned"} <= set(card.validation)
    assert "held-out PSNR" in capsys.readouterr().err
    with (run / "log.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 3
    assert json.loads((run / "run.json").read_text())["validation_scenes"] == 2

    table = tmp_path / "scores.csv"
    of_folder = ["--data", str(pairs), "--held-out", "2", "--csv", str(table)]
    assert main(["evaluate", *of_folder, "--model", str(card.path)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"PSNR / dB +\d+\.\d\d +\d+\.\d\d", printed)
    assert "SSIM on gray" in printed
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    # Training and evaluation give the same scores, except for half precision and lamps.
    assert float(rows[-1]["psnr"]) == pytest.approx(card.validation["psnr"], abs=1.0)


def test_ctrl_c_writes_a_checkpoint_and_prints_how_to_continue(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, run = tmp_path / "whole", tmp_path / "run"
    assert train(pairs, whole, "--steps", "4", "--crop", "16", "--batch", "1") == 0
    with interrupted_after_one_step(monkeypatch):
        assert train(pairs, run, "--steps", "4", "--crop", "16", "--batch", "1") == 130
    assert f"llflow-photo train --run {run} --resume" in " ".join(capsys.readouterr().err.split())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert train(pairs, run, "--steps", "4") == 2  # a run exists already
    used: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    assert main(["train", "--run", str(run), "--resume"]) == 0
    assert used[0] == torch.get_num_threads()  # as the run was begun with, not all cores
    first, second = (models.load(folder / f"{folder.name}.safetensors").flow for folder in (whole, run))
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])


def test_fine_tuning_takes_the_size_of_its_start(pairs: Path, tiny_model: Path, tmp_path: Path) -> None:
    run = ["--run", str(tmp_path / "tuned"), "--start", str(tiny_model), "--steps", "1", "--crop", "16"]
    more = ["--batch", "1", "--validation-scenes", "1", "--threads", str(torch.get_num_threads())]
    assert main(["train", "--data", str(pairs), *run, *more]) == 0
    assert models.load(tmp_path / "tuned/tuned.safetensors").flow.size.encoder.features == 8


@pytest.mark.parametrize(
    ("code", "arguments", "words"),
    [
        (2, ["--stages", "16"], "is not CROPxBATCH:STEPS"),
        (2, ["--stages", "16x1:1", "--steps", "3"], "--stages or --steps"),
        (2, ["--crop", "16"], "need --steps"),
        (2, ["--loss", "charm=1"], "does not know 'charm'"),
        (2, ["--model", "huge"], "give compact, small, large"),
        (2, ["--model", "blocks=0"], "blocks must be at least 1"),
        (1, ["--model", "small", "--start", "lol-compact"], "can only have more residual blocks"),
        (2, ["--model", "steps=x"], "'x' is not a whole number; lists are given as"),
        (2, ["--device", "toaster"], "device is 'toaster'"),
        (1, ["--resume"], "checkpoint.pt is missing; give the folder of a run"),
        (2, ["--start", "absent"], "no model 'absent'"),
        (1, ["--validation-scenes", "99", "--steps", "1"], "hold out fewer scenes (--validation-scenes)"),
        (2, ["--loss", "likelihood=nan"], "--loss has likelihood=nan; give numbers of at least 0"),
        (2, ["--loss", "likelihood=inf"], "--loss has likelihood=inf"),
        (2, ["--loss", "look=-1"], "--loss has look=-1"),
        (2, ["--name", "night-compact"], "the name of a model shipped with this program"),
        (2, ["--name", "a/b"], "give the name of a file, without folders"),
    ],
)
def test_invalid_training_arguments_are_reported(
    code: int,
    arguments: list[str],
    words: str,
    pairs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["train", "--data", str(pairs), "--run", str(tmp_path / "r"), *arguments]) == code
    printed = capsys.readouterr().err.strip()
    assert printed.startswith("error: ")
    assert words in printed
    assert "\n" not in printed
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--run", ""],
        ["train", "--data", ""],
        ["models", "--add", ""],
        ["evaluate", "--night", ""],
        ["import", "a.pth", ""],
        ["export", "", "a.safetensors"],
    ],
)
def test_empty_paths_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "a path is empty; give a file or a folder" in capsys.readouterr().err


def test_training_needs_photos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--run", str(tmp_path / "r"), "--model", SIZE]) == 2
    assert "give a folder of pairs (--data) or of clean photos (--photos)" in capsys.readouterr().err


def test_a_model_beside_a_new_run_is_not_replaced(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r/r.safetensors").write_bytes(b"x")
    assert train(pairs, tmp_path / "r", "--steps", "1") == 2
    assert "r.safetensors already exists and would be replaced" in capsys.readouterr().err
    assert (tmp_path / "r/r.safetensors").read_bytes() == b"x"


def test_a_resumed_run_keeps_the_settings_that_are_not_given_again(
    pairs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = tmp_path / "my run"
    given = ["--licence", "CC0", "--name", "own", "--validate-every", "2", "--save-every", "3"]
    with interrupted_after_one_step(monkeypatch):
        assert train(pairs, run, "--steps", "5", "--crop", "16", "--batch", "1", *given) == 130
    assert f"llflow-photo train --run '{run}' --resume" in " ".join(capsys.readouterr().err.split())
    assert main(["train", "--run", str(run), "--resume", "--save-every", "4"]) == 0
    assert models.find(run / "own.safetensors").licence == "CC0"
    settings = read_settings(run)
    assert (settings.name, settings.validate_every, settings.save_every) == ("own", 2, 4)
    with (run / "log.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file) if row["psnr"]] == ["2", "4", "5"]
    assert main(["export", str(run), str(run / "own.safetensors")]) == 1
    for kind in ("low", "high"):
        (pairs / kind / "0.png").rename(pairs / kind / "9.png")
    assert main(["train", "--run", str(run), "--resume"]) == 0
    assert "have changed: it was trained on 3 photos so far, and is now on 3" in caplog.text
    caplog.clear()
    assert main(["train", "--run", str(run), "--resume"]) == 0
    assert "have changed" not in caplog.text
    exported = tmp_path / "exported.safetensors"
    assert main(["export", str(run), str(exported), "--notes", "new"]) == 0
    card = models.find(exported)
    assert (card.data, card.licence, card.notes) == (models.find(run / "own.safetensors").data, "CC0", "new")
    assert main(["export", str(run), str(exported), "--force", "--license", "MIT", "--data", "mine"]) == 0
    assert (models.find(exported).data, models.find(exported).licence) == ("mine", "MIT")
    (run / "other.safetensors").write_bytes(b"x")
    assert main(["train", "--run", str(run), "--resume", "--name", "other"]) == 2
    assert "replaced; give another --name" in capsys.readouterr().err
    stored = json.loads((run / "run.json").read_text(encoding="utf-8"))
    del stored["name"]  # as in runs of older versions, whose model may have any name
    (run / "run.json").write_text(json.dumps(stored), encoding="utf-8")
    assert main(["train", "--run", str(run), "--resume", "--name", "own"]) == 0
    assert read_settings(run).name == "own"
    with locked(run):
        assert main(["train", "--run", str(run), "--resume"]) == 1
    assert "another process is training in" in capsys.readouterr().err


def test_the_help_of_train_shows_the_defaults_of_the_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    recipe = Recipe()
    stages = ",".join(f"{stage.crop}x{stage.batch}:{stage.steps}" for stage in recipe.stages)
    loss = ", ".join(f"{name}={value:g}" for name, value in asdict(recipe.weights).items())
    for default in (
        stages,
        f"{recipe.warmup}",
        f"{recipe.clip:g}",
        f"{recipe.ema:g}",
        loss,
    ):
        assert f"(default: {default})" in printed
    rates = re.findall(r"(?:highest|final) learning rate \(default: ([^)]+)\)", printed)
    assert [float(rate) for rate in rates] == [recipe.learning_rate, recipe.final_rate]


def test_clean_photos_are_trained_on_through_the_camera_simulation(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        random = np.random.default_rng(number)
        pixels = 255 * random.random((8, 10, 3)).repeat(8, 0).repeat(8, 1)
        Image.fromarray(pixels.astype(np.uint8)).save(photos / f"{number}.png")
    run = ["--run", str(tmp_path / "night"), "--model", SIZE, "--validation-scenes", "1"]
    more = ["--steps", "1", "--crop", "32", "--batch", "2", "--threads", str(torch.get_num_threads())]
    assert main(["train", "--photos", str(photos), *run, *more]) == 0
    card = models.find(tmp_path / "night" / "night.safetensors")
    assert "camera simulation" in card.data
    assert np.isfinite(card.validation["psnr"])
