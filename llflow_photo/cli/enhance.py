"""``enhance``: enhance photos and folders."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import Progress, TaskID

from ..errors import (
    CheckpointError,
    DeviceError,
    LLFlowPhotoError,
    ModelNotFoundError,
    OptionError,
    ReadError,
)
from ..options import Options
from .batch import add_batch_arguments, asks_for_batch, run_batch
from .console import output, print_error, print_message, progress_bar
from .rendering import add_rendering_arguments, check_device, options_of, without_effect
from .targets import choose_targets, input_path, output_text
from .writing import add_writing_arguments, encoding_of, raw_options_of

__all__ = ["add_commands"]


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "enhance",
        help="enhance dark photos",
        description="Enhance photos, or all photos of folders. Originals are never overwritten.",
    )
    parser.add_argument("inputs", nargs="+", type=input_path, metavar="INPUT", help="a photo or a folder")
    parser.add_argument(
        "--output",
        "-o",
        metavar="DIR",
        type=output_text,
        help="folder for the results; for a single photo also a file name, without a trailing slash "
        "(default: 'enhanced' for photos, NAME-enhanced next to a folder NAME)",
    )
    add_rendering_arguments(parser)
    add_writing_arguments(parser)
    add_batch_arguments(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    options = options_of(args)
    _check_names(options)
    if not args.quiet and (sentence := without_effect(options)):
        print_message(f"note: {sentence}")
    if asks_for_batch(args):
        return run_batch(args)
    return _enhance_files(args)


def _check_names(options: Options) -> None:
    """Report a wrong name of a model or device once, not for each photo.

    Raises:
        OptionError: there is no such model, or no such kind of device.
    """
    from ..models import find

    check_device(options.device)
    try:
        find(options.model)
    except ModelNotFoundError as error:
        raise OptionError(str(error)) from error


def _enhance_files(args: argparse.Namespace) -> int:
    """Enhance photos one after another in this process; a failure is reported and does not stop the others.

    The model is loaded for the first photo that can be read and whose result can be written.
    """
    from ..api import enhance_file

    options = options_of(args)
    targets = choose_targets(args.inputs, args.output, args.format, options.samples, args.force)
    encoding = encoding_of(args, targets[0])
    raw = raw_options_of(args)
    failed = 0
    for source, target in zip(args.inputs, targets, strict=True):
        with progress_bar(source.name, None, args.quiet) as (bar, task):
            follow = partial(_follow, bar, task)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                result = enhance_file(source, target, options, encoding, raw, None, follow, force=args.force)
            except (LLFlowPhotoError, OSError) as error:
                _check_engine(error, options)
                if args.debug:
                    raise
                failed += 1
                print_error(_message(source, error))
                continue
        if not args.quiet:
            for one in result.outputs:
                output().print(str(one), markup=False, soft_wrap=True)
            for note in result.notes:
                print_message(f"note: {source.name}: {note}")
    return 1 if failed else 0


def _check_engine(error: Exception, options: Options) -> None:
    """Raise an error of the model or device, which fails for every photo; ignore errors of single photos."""
    from ..api import load_enhancer

    if isinstance(error, (CheckpointError, DeviceError)):
        load_enhancer(options.model, device=options.device, tile=options.tile)


def _message(source: Path, error: Exception) -> str:
    """The text of an error, with the name of the photo and without error numbers of the system."""
    denied = error.__cause__ if isinstance(error, ReadError) else error
    if isinstance(denied, PermissionError):
        if isinstance(error, ReadError) or str(denied.filename) == str(source):
            return f"{source} may not be read; check its permissions and those of its folder"
        advice = "check its permissions, or choose another --output"
        return f"{source}: {denied.filename} may not be accessed; {advice}"
    if not isinstance(error, LLFlowPhotoError) and isinstance(error, OSError) and error.strerror:
        return f"{source}: {error.filename}: {error.strerror.lower()}; choose another --output"
    return f"{source}: {error}" if str(source) not in str(error) else str(error)


def _follow(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)
