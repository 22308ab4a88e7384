"""``models``, ``import`` and ``export``: list models, and make models from other weights."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from ..errors import CheckpointError, ModelNotFoundError, OptionError, TrainingDataError
from ..install_hints import shell_quoted
from .console import output, print_message, print_table
from .targets import input_path

if TYPE_CHECKING:
    from ..flow.prior import LatentPrior
    from ..models import Card
    from ..training.session import RunSettings

__all__ = ["add_commands", "find_model"]


def add_commands(commands: Any) -> None:
    """Add the commands to the parser."""
    listing = commands.add_parser("models", help="list models, show the card of a model, or add a model")
    listing.add_argument("name", nargs="?", help="show the card of this model")
    listing.add_argument(
        "--add", type=input_path, metavar="FILE", help="copy a .safetensors file to the user's models"
    )
    listing.set_defaults(run=_models)

    importing = commands.add_parser(
        "import",
        help="convert a released checkpoint to a model",
        description="Read a released checkpoint of the network (no code in it is executed) and write it as "
        "safetensors with a card.",
    )
    importing.add_argument("checkpoint", type=input_path, help=".pth, .pt or .safetensors")
    importing.add_argument("out", type=input_path, help="the .safetensors file to write")
    importing.add_argument(
        "--half", action="store_true", help="store in half precision, which halves the file size"
    )
    _add_force(importing)
    importing.set_defaults(run=_import)

    exporting = commands.add_parser(
        "export",
        help="make a model from a training run",
        description="Write the best averaged weights of a run as safetensors in half precision, with a card.",
    )
    exporting.add_argument("training_run", type=input_path, metavar="RUN", help="folder of the training run")
    exporting.add_argument(
        "out", type=input_path, help="the .safetensors file to write; its stem is the name of the model"
    )
    exporting.add_argument("--data", help="description of the training data (default: that of the run)")
    add_license(exporting, "license of the weights (default: that of the run)")
    exporting.add_argument("--reproduce", default="", help="command that reproduces the validation scores")
    exporting.add_argument("--notes", default="", help="further notes for users")
    exporting.add_argument("--full", action="store_true", help="store in full precision")
    _add_force(exporting)
    exporting.set_defaults(run=_export)


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace an existing model of this name")


def add_license(parser: argparse._ActionsContainer, words: str) -> None:
    """Add ``--license``, also accepted with the spelling that cards have."""
    parser.add_argument("--license", "--licence", dest="licence", metavar="LICENSE", help=words)


def find_model(name: str) -> Card:
    """The card of a model given on the command line, by name or path.

    Raises:
        OptionError: there is no such model.
        CheckpointError: its card is damaged.
    """
    from .. import models

    try:
        return models.find(name)
    except ModelNotFoundError as error:
        raise OptionError(str(error)) from error


def _models(args: argparse.Namespace) -> int:
    from .. import models

    if args.add is not None and args.name is not None:
        raise OptionError("give NAME, to show a model, or --add FILE, which is added under the file's name")
    if args.add is not None:
        return _add(args.add)
    if args.name is not None:
        return _show(args.name)
    headings = ("name", "size", "trained on", "PSNR", "aligned", "license")
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    cards, unusable = models.listing()
    for card in cards:
        numbers = [card.validation.get(name) for name in ("psnr", "psnr_aligned")]
        shown = ["" if number is None else f"{number:.2f} dB" for number in numbers]
        table.add_row(*map(escape, [card.name, _size(card.path), card.data, *shown, card.licence]))
    print_table(table)
    for other in unusable:
        print_message(f"not listed: {other.reason}")
    return 0


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


def _show(name: str) -> int:
    from ..models.header import read_size

    card = find_model(name)
    read_size(card.path)  # an error says why the model cannot be used
    exposures, ratios = (
        " to ".join(map(str, card.inputs.get(name, ()))) for name in ("exposure_ev", "channel_ratio")
    )
    rows = {
        "name": card.name,
        "file": f"{card.path} ({_size(card.path)})",
        "network": _plain(card.size),
        "trained on": card.data,
        "recipe": _plain(_with_short_stages(card.recipe)),
        "iterations": str(card.iterations or ""),
        "exposure of its training inputs": f"{exposures} EV" if exposures else "",
        "ratio of the channels in them": ratios,
        "validation": ", ".join(f"{key} {value:.4g}" for key, value in card.validation.items()),
        "reproduce": card.reproduce,
        "license": card.licence,
        "notes": card.notes,
        "SHA-256": card.sha256,
    }
    width = max(map(len, rows))
    for key, value in rows.items():
        if value:  # in whole lines, so that paths and checksums can be copied
            output().print(f"{key.ljust(width)}  {value}", soft_wrap=True, markup=False, emoji=False)
    return 0


def _plain(values: Any) -> str:
    """Nested settings on one line: ``unet: widths [32, 64], down [1, 2]; steps [1, 1, 2], hidden 16``."""
    flat = [f"{key} {value}" for key, value in values.items() if not isinstance(value, dict)]
    nested = [(key, value) for key, value in values.items() if isinstance(value, dict)]
    parts = [f"{key}: {_plain(value)}" for key, value in nested]
    return "; ".join([*parts, ", ".join(flat)] if flat else parts)


def _with_short_stages(recipe: Mapping[str, Any]) -> Mapping[str, Any]:
    """A recipe whose stages, if there are any, are given as for ``train --stages``."""
    try:
        stages = [f"{stage['crop']}x{stage['batch']}:{stage['steps']}" for stage in recipe["stages"]]
    except (KeyError, TypeError):  # a card can contain any recipe
        return recipe
    return {**recipe, "stages": ",".join(stages)}


def _add(path: Path) -> int:
    from .. import models

    card = models.add(path)
    print_message(f"added {card.name}: --model {shell_quoted(card.name)}")
    return 0


def _import(args: argparse.Namespace) -> int:
    from .. import models

    card = models.import_checkpoint(args.checkpoint, args.out, args.half, args.force)
    print_message(f"wrote {card.path} ({_size(card.path)}): {_plain(card.size)}")
    print_message(f"use it: llflow-photo enhance PHOTO --model {shell_quoted(str(card.path))}")
    return 0


def _settings_of(run: Path) -> RunSettings | None:
    """The settings of a run; None if it has no checkpoint, or none that tells its photos."""
    from ..training.session import read_settings

    try:
        settings = read_settings(run)
    except CheckpointError:
        return None  # the export itself reports the error
    return settings if settings.data or settings.photos else None


def _measured(run: Path, settings: RunSettings) -> tuple[LatentPrior | None, dict[str, list[float]] | None]:
    """The prior fitted to held-out photos, the ranges of the training photos; None without the photos."""
    from ..training.session import input_ranges_of, prior_of

    try:
        return prior_of(run, settings), input_ranges_of(settings)
    except TrainingDataError as error:
        print_message(f"neither the prior of the latent nor the range of exposures is measured: {error}")
        return None, None


def _export(args: argparse.Namespace) -> int:
    from .. import models
    from ..models.writing import check_target

    check_target(args.out, args.force)  # before the prior is fitted, which takes minutes
    settings = _settings_of(args.training_run)
    prior, inputs = (None, None) if settings is None else _measured(args.training_run, settings)
    described = {} if settings is None else {"data": settings.describe_data(), "licence": settings.licence}
    given = {name: getattr(args, name) for name in ("data", "licence") if getattr(args, name) is not None}
    card = models.export_run(
        args.training_run,
        args.out,
        **{"data": "", "licence": "", **described, **given},
        reproduce=args.reproduce,
        notes=args.notes,
        half=not args.full,
        inputs=inputs,
        prior=prior,
        force=args.force,
    )
    numbers = ", ".join(f"{key} {value:.4g}" for key, value in card.validation.items())
    print_message(
        f"wrote {card.path} ({_size(card.path)}), step {card.iterations}{': ' + numbers if numbers else ''}"
    )
    return 0
