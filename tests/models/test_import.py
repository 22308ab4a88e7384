"""Import of released checkpoints with various wrappings; nothing in them is executed."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from released_names import released_names
from safetensors.torch import save_file

from llflow_photo import models
from llflow_photo.errors import CheckpointError, OptionError, OutputExistsError, WriteError
from llflow_photo.flow import LLFlow
from llflow_photo.flow.released import from_released
from llflow_photo.models.card import checksum

State = dict[str, torch.Tensor]


@pytest.fixture
def flow(tiny_flow: Callable[..., LLFlow]) -> LLFlow:
    return tiny_flow(blocks=4, stacked=(1,), steps=2)


@pytest.fixture
def released(flow: LLFlow) -> State:
    return released_names(flow.state_dict(), flow.size)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"params": state, "iter": 45000},
        lambda state: {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
        lambda state: {"model": {"params": state}},
    ],
)
def test_a_pth_file_is_imported(
    wrap: Callable[[State], object], flow: LLFlow, released: State, tmp_path: Path
) -> None:
    torch.save(wrap(released), tmp_path / "theirs.pth")
    card = models.import_checkpoint(tmp_path / "theirs.pth", tmp_path / "ours.safetensors")
    assert card.name == "ours"
    assert "CC BY-NC-SA" in card.licence
    loaded = models.load(card.path).flow
    assert loaded.size == flow.size
    assert all(torch.equal(value, flow.state_dict()[name]) for name, value in loaded.state_dict().items())


def test_safetensors_are_imported(flow: LLFlow, released: State, tmp_path: Path) -> None:
    save_file(released, tmp_path / "theirs.safetensors")
    card = models.import_checkpoint(tmp_path / "theirs.safetensors", tmp_path / "ours.safetensors", half=True)
    assert models.load(card.path).flow.size == flow.size


def test_no_file_is_replaced_unasked(released: State, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs.safetensors", tmp_path / "ours.safetensors"
    save_file(released, theirs)
    content = theirs.read_bytes()
    for force in (False, True):
        with pytest.raises(WriteError, match="is the checkpoint itself, which is never overwritten"):
            models.import_checkpoint(theirs, theirs, force=force)
    assert theirs.read_bytes() == content
    ours.with_suffix(".json").write_text("the card of something else")
    with pytest.raises(OutputExistsError, match=r"ours\.json already exists; .*--force"):
        models.import_checkpoint(theirs, ours)
    assert not ours.exists()
    ours.write_bytes(b"x")
    card = models.import_checkpoint(theirs, ours, force=True)
    assert checksum(theirs) in card.data
    assert models.load(ours).card == card


class _Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("executed"),))


def test_nothing_in_a_checkpoint_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"params": _Harmful()}, tmp_path / "bad.pth")
    (tmp_path / "worse.pth").write_bytes(pickle.dumps(_Harmful()))
    for name in ("bad.pth", "worse.pth"):
        with pytest.raises(CheckpointError, match="read safely"):
            models.import_checkpoint(tmp_path / name, tmp_path / "out.safetensors")
    assert not (tmp_path / "executed").exists()
    assert not (tmp_path / "out.safetensors").exists()


def test_invalid_checkpoints_are_reported(tmp_path: Path, released: State) -> None:
    out = tmp_path / "out.safetensors"
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        models.import_checkpoint(tmp_path / "absent.pth", out)
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(CheckpointError, match="read safely"):
        models.import_checkpoint(tmp_path / "text.pth", out)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(CheckpointError, match="contains a list"):
        models.import_checkpoint(tmp_path / "list.pth", out)
    torch.save({"epoch": 3}, tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match="contains no tensors"):
        models.import_checkpoint(tmp_path / "none.pth", out)
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="not a checkpoint of the low-light flow"):
        models.import_checkpoint(tmp_path / "other.pth", out)
    torch.save(released, tmp_path / "fine.pth")
    with pytest.raises(OptionError, match=r"must end in \.safetensors"):
        models.import_checkpoint(tmp_path / "fine.pth", tmp_path / "out.pth")


@torch.no_grad()
def test_a_checkpoint_of_the_released_small_shape_renders_a_photo(shared: Path, tmp_path: Path) -> None:
    """Weights of the released shapes, seeded, through file and registry: size, parameters, a whole photo."""
    lines = (shared / "fixtures/released_small_keys.tsv").read_text().splitlines()
    state = {name: _seeded(name, shape) for name, shape in (line.split("\t") for line in lines)}
    torch.save({"params": state}, tmp_path / "LOL_smallNet.pth")
    card = models.import_checkpoint(tmp_path / "LOL_smallNet.pth", tmp_path / "small.safetensors")
    flow = models.load(card.path).flow
    assert sum(p.numel() for p in flow.parameters()) / 1e6 == pytest.approx(4.97, abs=0.01)
    dark = 0.1 * torch.rand(1, 3, 60, 100, generator=torch.Generator().manual_seed(0))
    rendered = flow.decode(flow.encode(dark))
    assert rendered.shape == dark.shape
    assert torch.isfinite(rendered).all()
    expected = from_released(state)
    assert torch.equal(rendered, expected.decode(expected.encode(dark)))


def _seeded(name: str, shape: str) -> torch.Tensor:
    """Random weights a network could have: rotations, small scales, He-sized convolutions."""
    generator = torch.Generator().manual_seed(len(name) * 1009 + sum(map(ord, name)))
    sizes = [int(n) for n in shape.split("x")] if shape else []
    values = torch.randn(sizes, generator=generator)
    if "invconv" in name:
        return torch.linalg.qr(values)[0].contiguous()
    if values.ndim == 4 and values.shape[0] > 1:
        return values * 0.3 / math.sqrt(values[0].numel())
    return values * 0.02
