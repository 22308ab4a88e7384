"""Models by name and path: cards, checksums, and error messages for invalid files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from llflow_photo import models
from llflow_photo.errors import CheckpointError, ModelNotFoundError
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


def test_a_damaged_card_is_reported(mine: models.Card) -> None:
    mine.path.with_suffix(".json").write_text("{")
    with pytest.raises(CheckpointError, match="not a readable model card"):
        models.load("mine")
