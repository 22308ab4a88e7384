"""``train``: train a model on pairs or clean photos."""

from __future__ import annotations

import argparse
import math
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..errors import OptionError, TrainingDataError
from ..install_hints import shell_quoted
from .console import output, print_message
from .models import add_license, find_model
from .numbers import integer, number
from .parser import Parser
from .rendering import check_device
from .targets import input_path
from .train_display import TrainingDisplay

if TYPE_CHECKING:
    from ..flow import Size
    from ..training.loop import Trainer
    from ..training.recipe import Recipe, Stage
    from ..training.session import RunSettings

__all__ = ["add_commands"]

_PRESETS = ("compact", "small", "large")


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train",
        help="train a model on pairs of dark and well-exposed photos, or on clean photos",
        description="Train a model. The folder of --data contains low/ and high/ with files of the same "
        "names, optionally a pairs.csv (columns low, high, scene); the layouts of LOL and VE-LOL are "
        "supported, too. Ctrl-C writes a checkpoint and stops; --resume continues from it exactly.",
    )
    data = parser.add_argument_group("data")
    data.add_argument("--data", type=_folder, metavar="DIR", help="folder of pairs")
    data.add_argument(
        "--photos",
        type=_folder,
        metavar="DIR",
        action="append",
        help="clean photos, darkened by the camera simulation; can be given several times",
    )
    data.add_argument(
        "--validation-scenes",
        type=integer(0),
        metavar="N",
        help="number of scenes held out for validation (default: 24)",
    )
    data.add_argument(
        "--split-seed", type=integer(0), metavar="N", help="seed of the held-out scenes (default: 0)"
    )
    _add_run_arguments(parser)
    _add_recipe_arguments(parser)
    parser.set_defaults(run=_run)


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("run")
    group.add_argument(
        "--run", dest="folder", type=input_path, metavar="DIR", help="folder of the run (default: runs/SIZE)"
    )
    group.add_argument("--name", help="name of the model to write (default: name of the folder)")
    group.add_argument("--resume", action="store_true", help="continue the run in --run")
    group.add_argument(
        "--model", metavar="SIZE", help="compact, small, large, or features=32,growth=16,blocks=2,stacked=0,"
        "steps=4,hidden=32 (default: compact)"
    )  # fmt: skip
    group.add_argument("--check", action="store_true", help="only check whether the pairs of --data match")
    group.add_argument(
        "--start",
        metavar="MODEL",
        help="fine-tune this model instead of starting from random weights; with --model, add blocks first",
    )
    group.add_argument("--device", help="auto, cpu, cuda or mps (default: auto)")
    group.add_argument("--threads", type=integer(1), metavar="N", help="CPU threads (default: all cores)")
    group.add_argument(
        "--compile",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="compile the network with torch.compile: faster steps, after minutes per stage (default: off)",
    )
    group.add_argument(
        "--validate-every",
        type=integer(1),
        metavar="N",
        help="steps between validations (default: 500)",
    )
    group.add_argument(
        "--save-every",
        type=integer(1),
        metavar="N",
        help="steps between checkpoints (default: 250)",
    )
    add_license(group, "license of the weights, for the card")


def _folder(text: str) -> str:
    return str(input_path(text))


def _add_recipe_arguments(parser: Parser) -> None:
    group = parser.add_argument_group("recipe")
    group.add_argument(
        "--stages",
        metavar="LIST",
        help="CROPxBATCH:STEPS,... (default: 96x8:6000,160x4:3000,256x2:1500)",
    )
    group.add_argument("--steps", type=int, metavar="N", help="one stage of N steps, instead of --stages")
    group.add_argument("--crop", type=int, metavar="N", help="crop size for --steps, pixels (default: 160)")
    group.add_argument("--batch", type=int, metavar="N", help="batch size for --steps (default: 4)")
    group.add_argument("--lr", type=number(0), metavar="X", help="highest learning rate (default: 5e-4)")
    group.add_argument("--final-lr", type=number(0), metavar="X", help="final learning rate (default: 1e-6)")
    group.add_argument(
        "--warmup", type=integer(0), metavar="N", help="steps until the highest rate (default: 200)"
    )
    group.add_argument("--clip", type=number(0), metavar="X", help="maximum gradient norm (default: 1)")
    group.add_argument(
        "--ema", type=number(0, 1), metavar="X", help="decay of the averaged weights (default: 0.999)"
    )
    loss = group.add_argument("--loss", metavar="LIST", help="weights of the loss terms")
    parser.complete_help = partial(_add_loss_defaults, loss)
    group.add_argument("--seed", type=integer(0), metavar="N", help="random seed (default: 0)")
    group.add_argument(
        "--mixed-precision",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="run the encoder in bfloat16 (default: off)",
    )


def _add_loss_defaults(loss: argparse.Action) -> None:
    """Add the defaults to the help of ``--loss`` when it is shown, since the import loads torch."""
    from ..training.loss import LossWeights

    defaults = ", ".join(f"{name}={value:g}" for name, value in asdict(LossWeights()).items())
    loss.help = f"weights of the loss terms (default: {defaults})"


def _run(args: argparse.Namespace) -> int:
    if args.check:
        return _check(args.data)

    if args.device:
        check_device(args.device)
        from ..engine.runner import resolve_device

        resolve_device(args.device)  # raises an error if it is not available
    name = args.name or (args.model if args.model in _PRESETS else "compact")
    folder = args.folder or Path("runs") / name
    settings = _settings(args, folder)
    from ..training.lock import locked

    is_first = os.environ.get("RANK", "0") == "0"  # by torch's launcher
    with locked(folder) if is_first else nullcontext():
        return _train(folder, settings, args.resume)


def _train(folder: Path, settings: RunSettings, resume: bool) -> int:
    """Train to the end or the first Ctrl-C, and write the model."""
    import torch

    from ..training.session import build_trainer

    processes = int(os.environ.get("WORLD_SIZE", "1"))
    torch.set_num_threads(settings.threads or max(1, (os.cpu_count() or 1) // processes))
    trainer = build_trainer(folder, settings, resume)
    intervals = settings.validate_every, settings.save_every
    if not trainer.workers.is_first:
        with closing(trainer), _interrupt_flag(quiet=True) as interrupted:
            trainer.train(None, *intervals, stop=lambda: bool(interrupted))
        return 0
    print_message(
        f"training {_describe(trainer)} to step {trainer.recipe.steps} from {trainer.step} in {folder}, "
        f"held-out photos: {len(trainer.validation)}, on {_place(trainer)}"
    )
    with closing(trainer), _interrupt_flag() as interrupted, TrainingDisplay(trainer) as display:
        trainer.train(display.follow, *intervals, stop=lambda: bool(interrupted))
    if trainer.step < trainer.recipe.steps:
        command = f"llflow-photo train --run {shell_quoted(str(folder))} --resume"
        print_message(f"stopped after step {trainer.step}; continue with: {command}")
        return 130
    _write_model(folder)
    return 0


def _write_model(folder: Path) -> None:
    from ..models import export_run
    from ..training.session import input_ranges_of, prior_of, read_settings

    settings = read_settings(folder)
    if settings.size.prior and settings.validation_scenes:
        print_message("fitting the latent's prior to the held-out photos; --resume repeats it if interrupted")
    card = export_run(
        folder,
        settings.model_file(folder),
        data=settings.describe_data(),
        licence=settings.licence,
        inputs=input_ranges_of(settings),
        prior=prior_of(folder, settings),
        force=True,  # the model of an earlier end of this run
    )
    command = f"llflow-photo enhance PHOTO --model {shell_quoted(str(card.path))}"
    print_message(f"wrote {card.path}, step {card.iterations}; use it: {command}")


def _check(folder: str | None) -> int:
    from ..training.alignment import check_pairs
    from ..training.pairs import find_pairs

    if folder is None:
        raise OptionError("--check needs the folder of the pairs: give it with --data")
    checks = list(check_pairs(find_pairs(Path(folder))))
    bad = [check for check in checks if check.complaints]
    for check in bad:
        for complaint in check.complaints:
            output().print(f"{check.pair.low}: {complaint}", soft_wrap=True, markup=False)
    if bad:
        output().print(f"{len(bad)} of {len(checks)} pairs need attention")
        return 1
    output().print("1 pair matches" if len(checks) == 1 else f"all {len(checks)} pairs match")
    return 0


def _place(trainer: Trainer) -> str:
    count = trainer.workers.count
    return str(trainer.device) if count == 1 else f"{trainer.device.type} in {count} processes"


def _describe(trainer: Trainer) -> str:
    parameters = sum(parameter.numel() for parameter in trainer.model.parameters())
    return f"{parameters / 1e6:.2f} M parameters"


def _settings(args: argparse.Namespace, folder: Path) -> RunSettings:
    from ..flow import COMPACT
    from ..training.recipe import Recipe
    from ..training.session import RunSettings, knows_name, read_settings

    if args.resume:
        settings = read_settings(folder)
        if args.model or args.start:
            raise OptionError("--model and --start belong to a new run; leave them out with --resume")
    else:
        settings = RunSettings(None, (), COMPACT, Recipe())
        if args.start:
            find_model(args.start)
    _check_name(args.name)
    before = settings.model_file(folder)
    given = {name: getattr(args, name) for name in ("data", "validation_scenes", "split_seed")}
    given["photos"] = tuple(args.photos) if args.photos else None
    given |= {"start": args.start, "device": args.device}
    given |= {"threads": args.threads, "compiled": args.compile}
    given |= {name: getattr(args, name) for name in ("name", "licence", "validate_every", "save_every")}
    if args.data and args.photos:
        raise OptionError("give --data or --photos, not both")
    if args.data or args.photos:
        settings = replace(settings, data=None, photos=())
    if args.model:
        given |= {"size": _size(args.model), "grow": args.start is not None}
    given["recipe"] = _recipe(args, settings.recipe)
    settings = replace(settings, **{name: value for name, value in given.items() if value is not None})
    model = settings.model_file(folder)
    if args.resume and model != before and model.exists() and knows_name(folder):
        raise OptionError(f"{model} already exists and would be replaced; give another --name")
    return settings


def _check_name(name: str | None) -> None:
    """Check ``--name``, which becomes the stem of a file that can be added to the user's models."""
    from ..models import shipped

    if name in shipped():
        raise OptionError(f"--name is {name!r}, the name of a model shipped with this program; give another")
    if name is not None and Path(name).name != name:
        raise OptionError(f"--name is {name!r}; give the name of a file, without folders")


def _recipe(args: argparse.Namespace, base: Recipe) -> Recipe:
    from ..training.loss import LossWeights

    given = {name: getattr(args, name) for name in ("warmup", "clip", "ema", "seed", "mixed_precision")}
    given |= {"learning_rate": args.lr, "final_rate": args.final_lr}
    if args.loss:
        known = LossWeights.__dataclass_fields__
        given["weights"] = replace(base.weights, **_numbers("--loss", args.loss, known))
    if args.stages and args.steps is not None:
        raise OptionError("give --stages or --steps, not both")
    if args.stages:
        given["stages"] = _stages(args.stages)
    elif args.steps is not None:
        crop, batch = 160 if args.crop is None else args.crop, 4 if args.batch is None else args.batch
        given["stages"] = _stages(f"{crop}x{batch}:{args.steps}")
    elif args.crop is not None or args.batch is not None:
        raise OptionError("--crop and --batch need --steps; for several stages use --stages")
    return replace(base, **{name: value for name, value in given.items() if value is not None})


def _stages(text: str) -> tuple[Stage, ...]:
    from ..training.recipe import parse_stages

    try:
        return parse_stages(text)
    except TrainingDataError as error:  # here, an argument is invalid
        raise OptionError(str(error)) from None


def _numbers(flag: str, text: str, known: Any) -> dict[str, float]:
    try:
        pairs = [part.split("=") for part in text.split(",")]
        values = {name.strip(): float(number) for name, number in pairs}
    except ValueError:
        raise OptionError(f"{flag} is {text!r}; give NAME=NUMBER,...") from None
    if unknown := sorted(set(values) - set(known)):
        raise OptionError(f"{flag} does not know {unknown[0]!r}; known are {', '.join(known)}")
    for name, value in values.items():
        if not 0 <= value < math.inf:
            raise OptionError(f"{flag} has {name}={value:g}; give numbers of at least 0")
    return values


def _size(text: str) -> Size:
    from ..flow import SIZES
    from ..flow.sizes import size_of_settings

    if text in SIZES:
        return SIZES[text]
    if "=" not in text:
        raise OptionError(f"--model is {text!r}; give {', '.join(SIZES)} or NAME=NUMBER,...")
    pairs = dict(part.partition("=")[::2] for part in text.split(","))
    try:
        lists = {
            name: tuple(_whole(number) for number in value.split("+") if number)
            for name, value in pairs.items()
        }
        return size_of_settings(lists)
    except ValueError as error:
        raise OptionError(f"--model is {text!r}: {error}; lists are given as steps=1+1+2") from None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


@contextmanager
def _interrupt_flag(quiet: bool = False) -> Iterator[list[bool]]:
    """A list that gets an entry at the first Ctrl-C; the second Ctrl-C interrupts as usual."""
    seen: list[bool] = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(True)
        signal.signal(signal.SIGINT, before)
        if not quiet:
            print_message("finishing this step and writing a checkpoint; press Ctrl-C again to stop at once")

    before = signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
