"""``models``, ``import`` and ``export``, on tiny networks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from released_names import released_names

from llflow_photo import models
from llflow_photo.cli import main
from llflow_photo.flow import LLFlow
from llflow_photo.models import header
from llflow_photo.models.card import checksum

pytestmark = pytest.mark.usefixtures("users")


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
