"""``models``, ``import``, ``export``, ``evaluate`` and ``train``, on tiny networks."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from released_names import released_names

from llflow_photo import models
from llflow_photo.cli import main
from llflow_photo.cli.train_display import TrainingDisplay
from llflow_photo.flow import LLFlow
from llflow_photo.models import header
from llflow_photo.models.card import checksum
from llflow_photo.training.lock import locked
from llflow_photo.training.loop import Progress
from llflow_photo.training.recipe import Recipe
from llflow_photo.training.session import read_settings

SIZE = "features=8,growth=4,blocks=1,stacked=0,steps=1,hidden=8"


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLFLOW_PHOTO_MODELS", str(tmp_path / "users"))
    return tmp_path / "users"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Five pairs in the simplest layout."""
    folder = tmp_path / "pairs"
    for kind in ("low", "high"):
        (folder / kind).mkdir(parents=True)
    for number in range(5):
        random = np.random.default_rng(number)
        high = 60 + 150 * random.random((4, 5, 3)).repeat(8, 0).repeat(8, 1)
        Image.fromarray(high.astype(np.uint8)).save(folder / "high" / f"{number}.png")
        Image.fromarray((high / 8).astype(np.uint8)).save(folder / "low" / f"{number}.png")
    return folder


def train(pairs: Path, run: Path, *more: str) -> int:
    fixed = ["--data", str(pairs), "--run", str(run), "--model", SIZE, "--validation-scenes", "2"]
    return main(["train", *fixed, "--threads", str(torch.get_num_threads()), *more])


@contextmanager
def interrupted_after_one_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A context in which Ctrl-C is pressed after the first step of a training."""
    follow = TrainingDisplay.follow

    def interrupt(self: TrainingDisplay, progress: Progress) -> None:
        follow(self, progress)
        if progress.step == 1:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(TrainingDisplay, "follow", interrupt)
        yield


def test_models_are_listed_shown_and_added(
    tiny_model: Path, users: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "--add", str(tiny_model)]) == 0
    assert (users / "tiny.safetensors").is_file()
    assert main(["models"]) == 0
    assert "tiny" in capsys.readouterr().out
    assert main(["models", "tiny"]) == 0
    assert "features 8" in capsys.readouterr().out
    assert main(["models", "--add", str(tiny_model)]) == 1
    assert main(["models", "absent"]) == 2
    assert "known are" in capsys.readouterr().err
    assert main(["models", "tiny", "--add", str(tiny_model)]) == 2
    assert main(["models", "--add", str(tiny_model.with_suffix(".bin"))]) == 2


def test_cards_are_shown_in_whole_lines(
    tiny_flow: Callable[..., LLFlow], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow, path = tiny_flow(), tmp_path / ("x" * 200) / "tiny.safetensors"
    path.parent.mkdir()
    models.save(flow.state_dict(), flow.size, path)
    content = checksum(path)
    ranges = {"exposure_ev": [-8, 1], "channel_ratio": [0.03, 0.9]}
    card = models.Card("tiny", flow.size.to_dict(), data="a " * 200, sha256=content, inputs=ranges, path=path)
    replace(card, recipe={"stages": [{"crop": 32, "batch": 2, "steps": 9}], "seed": 1}).write()
    assert main(["models", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "stages 32x2:9, seed 1" in shown and "ratio of the channels in them    0.03 to 0.9" in shown
    assert str(path) in shown and content in shown and ("a " * 200).strip() in shown


def test_models_that_cannot_be_used_are_remarked_on(
    tiny_model: Path, users: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = users / f"{'tiny' * 30}.safetensors"
    users.mkdir()
    shutil.copyfile(tiny_model, long)
    shutil.copyfile(tiny_model, users / "bad.safetensors")
    (users / "bad.json").write_text("{")
    assert main(["models"]) == 0
    shown = capsys.readouterr()
    assert long.stem in shown.out and "bad" not in shown.out
    assert shown.err.startswith(f"not listed: {users / 'bad.json'} is not a readable model card")
    assert main(["models", "bad"]) == 1


def test_a_model_that_may_not_be_read_is_not_called_damaged(
    tiny_model: Path,
    deny: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def missing(*_: object, **__: object) -> None:  # as safetensors reports it
        raise FileNotFoundError(f"No such file or directory: {tiny_model}")

    monkeypatch.setattr(header, "safe_open", missing)
    deny("tiny.safetensors")
    assert main(["models", "--add", str(tiny_model)]) == 1
    assert capsys.readouterr().err.strip() == f"error: {tiny_model} may not be read; check its permissions"


def test_a_system_error_of_permissions_gives_advice(
    tiny_model: Path, deny: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_model.with_suffix(".json").write_text(json.dumps({"name": "tiny", "size": {}, "sha256": "0" * 64}))
    deny("tiny.safetensors")
    assert main(["models", "--add", str(tiny_model)]) == 1
    advice = "may not be accessed; check its permissions, or choose another path"
    assert capsys.readouterr().err.strip() == f"error: {tiny_model} {advice}"


def test_a_checkpoint_is_imported(
    tiny_flow: Callable[..., LLFlow], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = tiny_flow()
    torch.save({"params": released_names(flow.state_dict(), flow.size)}, tmp_path / "theirs.pth")
    out = tmp_path / "ours.safetensors"
    assert main(["import", str(tmp_path / "theirs.pth"), str(out)]) == 0
    assert models.load(out).flow.size == flow.size
    content = out.read_bytes()
    assert main(["import", str(tmp_path / "theirs.pth"), str(out)]) == 1
    assert "replace it with --force" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "theirs.pth"), str(out), "--force", "--half"]) == 0
    assert out.read_bytes() != content
    assert main(["import", str(tmp_path / "theirs.pth"), str(tmp_path / "ours.pth")]) == 2
    (tmp_path / "bad.pth").write_bytes(b"x")
    assert main(["import", str(tmp_path / "bad.pth"), str(tmp_path / "new.safetensors")]) == 1
    assert "error: " in capsys.readouterr().err


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
