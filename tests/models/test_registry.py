"""Models by name and path: cards, checksums, and error messages for invalid files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from llflow_photo import models
from llflow_photo.errors import (
    CheckpointError,
    ModelNotFoundError,
    OptionError,
    OutputExistsError,
    WriteError,
)
from llflow_photo.flow import LLFlow, Size
from llflow_photo.models import header
from llflow_photo.models.card import checksum

Build = Callable[..., LLFlow]


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of models, empty."""
    folder = tmp_path / "users"
    folder.mkdir()
    monkeypatch.setenv("LLFLOW_PHOTO_MODELS", str(folder))
    return folder


@pytest.fixture
def mine(users: Path, tiny_flow: Build) -> models.Card:
    """A model of the user's, with a card."""
    flow = tiny_flow()
    path = users / "mine.safetensors"
    models.save(flow.state_dict(), flow.size, path)
    card = models.Card("mine", flow.size.to_dict(), licence="CC0", sha256=checksum(path), path=path)
    card.write()
    return card


def test_a_model_is_found_by_name_and_by_path(mine: models.Card) -> None:
    assert "mine" in [card.name for card in models.available()]
    assert models.find("mine") == mine
    assert models.find(mine.path) == mine
    assert models.load("mine").card.licence == "CC0"


def test_weights_come_back_as_saved(tiny_flow: Build, tmp_path: Path) -> None:
    flow = tiny_flow(features=16, hidden=16)
    full, half = tmp_path / "full.safetensors", tmp_path / "half.safetensors"
    models.save(flow.state_dict(), flow.size, full, half=False)
    models.save(flow.state_dict(), flow.size, half)
    assert half.stat().st_size < 0.6 * full.stat().st_size
    loaded = models.load(full).flow
    assert loaded.size == flow.size
    assert not loaded.training
    assert all(torch.equal(value, flow.state_dict()[name]) for name, value in loaded.state_dict().items())
    rounded = models.load(half).flow
    assert {value.dtype for value in rounded.state_dict().values()} == {torch.float32}
    dark = 0.2 * torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, given = (f.decode(f.encode(dark)) for f in (flow, rounded))
    assert (given - expected).abs().max() < 5e-3 * expected.abs().max()


def test_a_changed_file_is_rejected(mine: models.Card, tiny_flow: Build) -> None:
    other = tiny_flow(seed=1)
    models.save(other.state_dict(), other.size, mine.path)
    with pytest.raises(CheckpointError, match="SHA-256 differs"):
        models.load("mine")


def test_an_unknown_name_lists_the_known(mine: models.Card) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no model 'their'; known are .*mine"):
        models.load("their")
    with pytest.raises(ModelNotFoundError, match=r"no model file nowhere/x\.safetensors"):
        models.load("nowhere/x.safetensors")


def test_invalid_weights_files_are_reported(tmp_path: Path, tiny_flow: Build) -> None:
    flow = tiny_flow()
    path = tmp_path / "bad.safetensors"
    path.write_bytes(b"not at all")
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        models.load(path)
    state = flow.state_dict()
    models.save(state, flow.size, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        models.load(path)
    save_file(state, path)
    with pytest.raises(CheckpointError, match="llflow-photo import"):
        models.load(path)
    dense = {**asdict(flow.size.encoder), "steps": 1, "hidden": 8, "transition_steps": 2}
    save_file(state, path, {"size": json.dumps({**dense, "blocks": 0})})
    with pytest.raises(CheckpointError, match="invalid network size"):
        models.load(path)
    save_file(state, path, {"size": json.dumps({**dense, "blocks": 2})})
    with pytest.raises(CheckpointError, match=r"tensors are missing, the first is 'encoder\.blocks\.1"):
        models.load(path)


def test_weights_that_may_not_be_read_are_reported(
    mine: models.Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:  # as safetensors reports it
        raise FileNotFoundError("No such file or directory")

    def denied(path: object, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(header, "safe_open", missing)
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        header.read_size(mine.path)
    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(CheckpointError, match=r"mine\.safetensors may not be read; check its permissions$"):
        header.read_size(mine.path)


def test_invalid_weights_are_not_saved(tmp_path: Path, tiny_flow: Build) -> None:
    flow, path = tiny_flow(), tmp_path / "x.safetensors"
    state = flow.state_dict()
    with pytest.raises(CheckpointError, match="unknown"):
        models.save({**state, "more": torch.zeros(1)}, flow.size, path)
    with pytest.raises(CheckpointError, match="not finite"):
        models.save({**state, "encoder.first.bias": torch.full((8,), torch.nan)}, flow.size, path)
    with pytest.raises(CheckpointError, match="expected"):
        models.save({**state, "encoder.first.bias": torch.zeros(9)}, flow.size, path)
    assert not list(tmp_path.glob("x*"))


def test_every_shipped_model_has_a_full_card_and_loads() -> None:
    shipped = [card for card in models.available() if card.path.parent == Path(models.__file__).parent]
    assert shipped
    for card in shipped:
        for entry in ("size", "data", "recipe", "iterations", "validation", "licence", "reproduce", "sha256"):
            assert getattr(card, entry), f"{card.name} has no {entry}"
        assert {"psnr", "psnr_aligned"} <= set(card.validation)
        size = models.load(card.name).flow.size
        assert Size.from_dict(card.size) == size
        assert card.path.stat().st_size < 25e6


def test_listing_models_needs_no_torch() -> None:
    code = "import sys; from llflow_photo import models; models.available(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=600).returncode == 0


def test_the_same_weights_give_the_same_file(tiny_flow: Build, tmp_path: Path) -> None:
    flow, path = tiny_flow(), tmp_path / "x.safetensors"
    contents = set()
    for _ in range(8):  # the order of three entries would be the same by chance in 1 of 280,000 cases
        models.save(flow.state_dict(), flow.size, path, {"steps": "3", "source": "größer.pth"})
        contents.add(path.read_bytes())
    assert len(contents) == 1
    with safe_open(path, framework="pt") as file:
        assert file.metadata()["source"] == "größer.pth"
    assert models.load(path).flow.size == flow.size


def test_files_that_cannot_be_used_are_listed_apart(users: Path, mine: models.Card) -> None:
    good = {card.name for card in models.available()}
    content = mine.path.read_bytes()
    for name in ("card", "types", "null", "list"):
        (users / f"{name}.safetensors").write_bytes(content)
    (users / "card.json").write_text("{")
    (users / "types.json").write_text(json.dumps({"size": {}, "validation": {"psnr": "good"}}))
    (users / "null.json").write_text(json.dumps({"size": dict(mine.size), "validation": None}))
    (users / "list.json").write_text("[]")
    (users / "weights.safetensors").write_bytes(b"not at all")
    (users / "folder.safetensors").mkdir()
    (users / "link.safetensors").symlink_to(users / "absent")
    cards, unusable = models.listing()
    assert {card.name for card in cards} == {card.name for card in models.available()} == good | {"null"}
    reasons = {other.path.stem: other.reason for other in unusable}
    expected = {
        "card": "card.json is not a readable model card",
        "types": 'validation is {"psnr": "good"}, not an object of numbers',
        "list": "it is a JSON list, not an object",
        "weights": "is not a readable safetensors file",
        "folder": "is a folder, not a file of weights",
        "link": "is a link to a file that does not exist",
    }
    assert reasons.keys() == expected.keys()
    for name, words in expected.items():
        assert words in reasons[name]
    assert models.load("null").card.validation == {}


def test_a_model_is_added_completely_or_not_at_all(
    users: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = models.load(tiny_model).flow
    models.Card("tiny", flow.size.to_dict(), licence="CC0", path=tiny_model).write()

    def full(source: BinaryIO, target: BinaryIO) -> None:
        target.write(source.read(100))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(WriteError, match=r"cannot write .*No space left"):
        patched.setattr("shutil.copyfileobj", full)
        models.add(tiny_model)
    assert not list(users.iterdir())
    card = models.add(tiny_model)
    assert (card.name, card.licence, card.path) == ("tiny", "CC0", users / "tiny.safetensors")
    with pytest.raises(OutputExistsError, match="already exists; rename one of the two"):
        models.add(tiny_model)


def test_a_model_is_not_added_under_a_name_by_which_it_is_not_found(
    users: Path, tiny_model: Path, tmp_path: Path
) -> None:
    shipped = shutil.copyfile(tiny_model, tmp_path / "night-compact.safetensors")
    with pytest.raises(OutputExistsError, match="night-compact is the name of a model shipped with"):
        models.add(shipped)
    other = shutil.copyfile(tiny_model, tmp_path / "my own.bin")
    with pytest.raises(OptionError, match=r"does not end in \.safetensors: .* import '.*/my own\.bin' NAME"):
        models.add(other)
    assert not list(users.iterdir())


def test_a_damaged_card_is_reported(mine: models.Card) -> None:
    mine.path.with_suffix(".json").write_text("{")
    with pytest.raises(CheckpointError, match="not a readable model card"):
        models.load("mine")
