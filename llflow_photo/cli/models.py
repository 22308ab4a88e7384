"""``models``, ``import`` and ``export``: list models, and make models from other weights."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from ..errors import CheckpointError, TrainingDataError, WriteError
from ..paths import expanded
from .console import output, print_message

if TYPE_CHECKING:
    from ..flow.prior import LatentPrior

__all__ = ["add_commands"]


def add_commands(commands: Any) -> None:
    """Add the commands to the parser."""
    listing = commands.add_parser("models", help="list models, show the card of a model, or add a model")
    listing.add_argument("name", nargs="?", help="show the card of this model")
    listing.add_argument(
        "--add", type=expanded, metavar="FILE", help="copy a .safetensors file to the user's models"
    )
    listing.set_defaults(run=_models)

    importing = commands.add_parser(
        "import",
        help="convert a released checkpoint to a model",
        description="Read a released checkpoint of the network (no code in it is executed) and write it as "
        "safetensors with a card.",
    )
    importing.add_argument("checkpoint", type=expanded, help=".pth, .pt or .safetensors")
    importing.add_argument("out", type=expanded, help="the .safetensors file to write")
    importing.add_argument(
        "--half", action="store_true", help="store in half precision, which halves the file size"
    )
    importing.set_defaults(run=_import)

    exporting = commands.add_parser(
        "export",
        help="make a model from a training run",
        description="Write the best averaged weights of a run as safetensors in half precision, with a card.",
    )
    exporting.add_argument("training_run", type=expanded, metavar="RUN", help="folder of the training run")
    exporting.add_argument(
        "out", type=expanded, help="the .safetensors file to write; its stem is the name of the model"
    )
    exporting.add_argument("--data", default="", help="description of the training data")
    exporting.add_argument("--licence", default="", help="licence of the weights")
    exporting.add_argument("--reproduce", default="", help="command that reproduces the validation scores")
    exporting.add_argument("--notes", default="", help="further notes for users")
    exporting.add_argument("--full", action="store_true", help="store in full precision")
    exporting.set_defaults(run=_export)


def _models(args: argparse.Namespace) -> int:
    from .. import models

    if args.add is not None:
        return _add(args.add)
    if args.name is not None:
        return _show(args.name)
    table = Table("name", "size", "trained on", "PSNR", "aligned", "licence", box=None, pad_edge=False)
    for card in models.available():
        numbers = [card.validation.get(name) for name in ("psnr", "psnr_aligned")]
        shown = ["" if number is None else f"{number:.2f} dB" for number in numbers]
        table.add_row(*map(escape, [card.name, _size(card.path), card.data, *shown, card.licence]))
    output().print(table)
    return 0


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


def _show(name: str) -> int:
    from .. import models

    card = models.find(name)
    table = Table(show_header=False, box=None, pad_edge=False)
    exposures = " to ".join(map(str, card.inputs.get("exposure_ev", ())))
    rows = {
        "name": card.name,
        "file": f"{card.path} ({_size(card.path)})",
        "network": _plain(card.size),
        "trained on": card.data,
        "recipe": _plain(card.recipe),
        "iterations": str(card.iterations or ""),
        "exposure of its training inputs": f"{exposures} EV" if exposures else "",
        "validation": ", ".join(f"{key} {value:.4g}" for key, value in card.validation.items()),
        "reproduce": card.reproduce,
        "licence": card.licence,
        "notes": card.notes,
        "SHA-256": card.sha256,
    }
    for key, value in rows.items():
        if value:
            table.add_row(key, escape(value))
    output().print(table)
    return 0


def _plain(values: Any) -> str:
    """Nested settings on one line: ``unet: widths [32, 64], down [1, 2]; steps [1, 1, 2], hidden 16``."""
    flat = [f"{key} {value}" for key, value in values.items() if not isinstance(value, dict)]
    nested = [(key, value) for key, value in values.items() if isinstance(value, dict)]
    parts = [f"{key}: {_plain(value)}" for key, value in nested]
    return "; ".join([*parts, ", ".join(flat)] if flat else parts)


def _add(path: Path) -> int:
    from .. import models

    loaded = models.load(path)
    target = models.user_folder() / path.name
    if target.exists():
        raise WriteError(f"the model {target} already exists; rename one of the two")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    if path.with_suffix(".json").is_file():
        shutil.copyfile(path.with_suffix(".json"), target.with_suffix(".json"))
    print_message(f"added {loaded.card.name}: --model {path.stem}")
    return 0


def _import(args: argparse.Namespace) -> int:
    from .. import models

    card = models.import_checkpoint(args.checkpoint, args.out, args.half)
    print_message(f"wrote {card.path} ({_size(card.path)}): {_plain(card.size)}")
    print_message(f"use it: llflow-photo enhance PHOTO --model {card.path}")
    return 0


def _measured(run: Path) -> tuple[LatentPrior | None, dict[str, list[float]] | None]:
    """The prior fitted to held-out photos, the ranges of the training photos; None without the photos."""
    from ..training.session import input_ranges_of, prior_of, read_settings

    try:
        settings = read_settings(run)
        return prior_of(run, settings), input_ranges_of(settings)
    except CheckpointError:
        return None, None  # the export itself reports the error
    except TrainingDataError as error:
        print_message(f"neither the prior of the latent nor the range of exposures is measured: {error}")
        return None, None


def _export(args: argparse.Namespace) -> int:
    from .. import models

    prior, inputs = _measured(args.training_run)
    card = models.export_run(
        args.training_run,
        args.out,
        data=args.data,
        licence=args.licence,
        reproduce=args.reproduce,
        notes=args.notes,
        half=not args.full,
        inputs=inputs,
        prior=prior,
    )
    numbers = ", ".join(f"{key} {value:.4g}" for key, value in card.validation.items())
    print_message(
        f"wrote {card.path} ({_size(card.path)}), step {card.iterations}{': ' + numbers if numbers else ''}"
    )
    return 0
