"""Export of a training run's best weights as a model file with a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ..errors import CheckpointError
from ..flow import LLFlow, Size
from ..flow.prior import LatentPrior
from ..paths import expanded
from .card import Card, checksum
from .checkpoint import load_checkpoint
from .store import save
from .writing import check_target, writing

__all__ = ["best_flow", "export_run"]

BEST = "best.pt"
NEWEST = "checkpoint.pt"


def export_run(
    run: Path,
    out: Path,
    *,
    data: str,
    licence: str,
    reproduce: str = "",
    notes: str = "",
    inputs: Mapping[str, Sequence[float]] | None = None,
    half: bool = True,
    prior: LatentPrior | None = None,
    force: bool = False,
) -> Card:
    """Write a run's best averaged weights (``best.pt``; without validation, the newest) and their card.

    Args:
        run: folder of the training run.
        out: the ``.safetensors`` file to write; its stem is the model's name.
        data: see `Card`.
        licence: see `Card`.
        reproduce: see `Card`.
        notes: see `Card`.
        inputs: see `Card`.
        half: store large tensors in float16.
        prior: prior of the latent, which replaces the one in the weights.
        force: replace an existing model.

    Raises:
        OptionError: ``out`` does not end in ``.safetensors``.
        CheckpointError: the run has no checkpoint, or it is damaged.
        OutputExistsError: there is such a model or its card, and ``force`` is false.
        WriteError: the model cannot be written.
    """
    run, out = expanded(run), expanded(out)
    check_target(out, force)
    newest, best = _newest(run), _best(run)
    size = Size.from_dict(best["size"])
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    weights = dict(best["model"])
    if prior is not None:
        weights |= {f"prior.{name}": tensor for name, tensor in prior.state_dict().items()}
    save(weights, size, out, {"steps": str(best["step"])}, half)
    card = Card(
        name=out.stem,
        size=size.to_dict(),
        data=data,
        recipe=_plain(newest.get("recipe", {})),
        iterations=int(best["step"]),
        validation={name: round(float(value), 4) for name, value in best.get("validation", {}).items()},
        inputs=inputs or {},
        licence=licence,
        reproduce=reproduce,
        sha256=checksum(out),
        notes=notes,
        path=out,
    )
    card.write()
    return card


def best_flow(run: Path) -> LLFlow:
    """The network with a run's best averaged weights, in evaluation mode.

    Raises:
        CheckpointError: the run has no checkpoint, or it is damaged.
    """
    best = _best(run)
    flow = LLFlow(Size.from_dict(best["size"]))
    flow.load_state_dict(best["model"])
    return flow.eval()


def _newest(run: Path) -> dict[str, Any]:
    return load_checkpoint(run / NEWEST) if (run / NEWEST).is_file() else {}


def _best(run: Path) -> dict[str, Any]:
    return load_checkpoint(run / BEST) if (run / BEST).is_file() else _averaged(_newest(run), run)


def _averaged(newest: Mapping[str, Any], run: Path) -> dict[str, Any]:
    if not newest:
        raise CheckpointError(
            f"{run} contains neither {BEST} nor {NEWEST}; give the folder of a training run"
        )
    average = {name: value for name, value in newest["average"].items() if isinstance(value, torch.Tensor)}
    return {"model": average, "size": newest["size"], "step": newest["step"]}


def _plain(value: Any) -> Any:
    """Convert tuples to lists, for JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value
