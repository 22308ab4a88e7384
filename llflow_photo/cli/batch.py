"""Batches on the command line: arguments, progress, report."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..batch.selecting.series import DEFAULT_GAP_S, DEFAULT_MODE
from ..batch.selecting.series import Mode as SeriesMode
from ..errors import BatchError, OptionError
from .batch_progress import Mode, watch_batch
from .console import output, print_message
from .numbers import integer, number
from .rendering import options_of
from .targets import DEFAULT_FOLDER, is_one_file
from .writing import encoding_of, raw_options_of

if TYPE_CHECKING:
    from ..batch import Report

__all__ = ["add_batch_arguments", "asks_for_batch", "run_batch"]

INTERRUPTED = 130
_SERIES: dict[bool | None, SeriesMode] = {None: DEFAULT_MODE, True: "all", False: "off"}
_PAIRS = "raw"
_ONLY_OF_BATCHES = (
    "jobs", "include", "exclude", "newer_than", "if_darker_than", "copy_well_exposed", "retry_failed",
    "dry_run", "json", "pairs", "series", "series_gap", "address",
)  # fmt: skip
"""Arguments that only batches support; giving one of them starts a batch."""


def add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of batches."""
    group = parser.add_argument_group("folders")
    group.add_argument("--jobs", type=integer(1), metavar="N", help="processes (default: as many as fit)")
    group.add_argument(
        "--force",
        action="store_true",
        help="render photos again that are done, and replace existing files except originals",
    )
    group.add_argument("--retry-failed", action="store_true", help="try photos again that failed before")
    group.add_argument("--dry-run", action="store_true", help="only list what would be done")
    group.add_argument(
        "--include",
        action="append",
        default=[],
        metavar="GLOB",
        help="only photos that match, such as '*.NEF'",
    )
    group.add_argument(
        "--exclude", action="append", default=[], metavar="GLOB", help="leave out photos that match"
    )
    group.add_argument(
        "--recursive",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="enter subfolders (default)",
    )
    group.add_argument(
        "--newer-than", metavar="DATE", help="only photos modified after this: 2026-01-31, 36h, 7d"
    )
    group.add_argument(
        "--if-darker-than",
        type=number(),
        metavar="EV",
        help="skip photos that are not darker than this mean exposure",
    )
    group.add_argument(
        "--copy-well-exposed", action="store_true", help="copy the photos that --if-darker-than skips"
    )
    group.add_argument(
        "--pairs",
        choices=("raw", "jpeg", "both"),
        help=f"which file to take of a RAW and a JPEG of the same frame (default: {_PAIRS})",
    )
    group.add_argument(
        "--series",
        action=argparse.BooleanOptionalAction,
        help="all photos of one folder and camera share exposure and look, so that a time-lapse does not "
        "flicker; --no-series: none do (default: time-lapses and bursts detected from EXIF)",
    )
    group.add_argument(
        "--series-gap",
        type=number(),
        metavar="SECONDS",
        help=f"longest pause within a detected time-lapse or burst (default: {DEFAULT_GAP_S:g})",
    )
    group.add_argument("--backend", default="local", help="local, dask, ray or loky (default: local)")
    group.add_argument("--address", help="address of the cluster's scheduler")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--quiet", "-q", action="store_true", help="print only errors")
    shown.add_argument("--json", action="store_true", help="for folders: print one JSON object per event")


def asks_for_batch(args: argparse.Namespace) -> bool:
    """Whether an input is a folder, or an argument is given that only batches support."""
    if any(map(os.path.isdir, args.inputs)) or args.backend != "local":
        return True
    given = (getattr(args, name) for name in _ONLY_OF_BATCHES)
    return any(value is not None and value is not False and value != [] for value in given)  # 0 is given


def run_batch(args: argparse.Namespace) -> int:
    """Enhance folders; returns 0 only if every photo succeeded."""
    from ..batch import BatchInterrupted, enhance_dir

    _check(args)
    output_folder = _default_output(args.inputs) if args.output is None else Path(args.output)
    _check_output(args.inputs, output_folder)
    settings: dict[str, Any] = {
        "output": output_folder,
        "options": options_of(args),
        "encoding": encoding_of(args),
        "raw": raw_options_of(args),
        "jobs": args.jobs,
        "force": args.force,
        "retry_failed": args.retry_failed,
        "dry_run": args.dry_run,
        "include": tuple(args.include),
        "exclude": tuple(args.exclude),
        "recursive": args.recursive,
        "newer_than": args.newer_than,
        "pairs": args.pairs or _PAIRS,
        "series": _SERIES[args.series],
        "series_gap": DEFAULT_GAP_S if args.series_gap is None else args.series_gap,
        "if_darker_than": args.if_darker_than,
        "well_exposed": "copy" if args.copy_well_exposed else "leave",
        "backend": args.backend,
        "address": args.address,
    }
    mode: Mode = "json" if args.json else "quiet" if args.quiet else "live"
    try:
        with watch_batch(mode) as follow:
            report = enhance_dir(args.inputs, progress=follow, **settings)
    except BatchInterrupted as interrupt:
        _show_report(interrupt.report, mode)
        return INTERRUPTED
    _show_report(report, mode)
    return 0 if report.ok else 1


def _check(args: argparse.Namespace) -> None:
    """Reject arguments that would be ignored.

    Raises:
        OptionError: arguments contradict each other.
    """
    from ..files import RASTER_SUFFIXES

    output = args.output
    is_photo = output is not None and Path(output).suffix.lower() in {*RASTER_SUFFIXES, ".dng"}
    if is_photo and is_one_file(output):
        raise OptionError(
            f"--output {output} is a file name, but a batch writes several files; give a folder"
        )
    if args.copy_well_exposed and args.if_darker_than is None:
        raise OptionError(
            "--copy-well-exposed needs --if-darker-than EV, the threshold for well-exposed photos"
        )
    if args.series is not None and args.series_gap is not None:
        raise OptionError(
            "--series-gap applies to series detected from EXIF; leave out --series and --no-series"
        )
    if args.address is not None and args.backend == "local":
        raise OptionError("--address is that of a cluster; add --backend dask or ray, or leave it out")
    if args.address is not None and args.backend == "dask" and not re.fullmatch(r"\S+:\d+", args.address):
        raise OptionError(
            f"--address is {args.address!r}; give the address of a scheduler, such as tcp://host:8786"
        )


def _check_output(inputs: Sequence[Path], folder: Path | None) -> None:
    """Reject an output folder that no batch of these inputs can use.

    Raises:
        OptionError: it is or contains an input, or is a file.
    """
    from ..batch.output import choose_output

    try:
        choose_output(inputs, folder)
    except BatchError as error:
        raise OptionError(str(error)) from error


def _default_output(inputs: Sequence[Path]) -> Path | None:
    """Output folder of a batch: for single photos, that of photos enhanced one by one."""
    return None if any(map(os.path.isdir, inputs)) else DEFAULT_FOLDER


def _show_report(report: Report, mode: Mode) -> None:
    """Print the report in the format of the progress; the plan of a dry run goes to standard output."""
    if mode == "json":
        sys.stdout.write(json.dumps({"kind": "report", **report.to_json()}) + "\n")
        return
    if report.dry_run and mode == "live":
        for record in report.planned:
            output().print(f"{record.source} -> {', '.join(record.outputs)}", markup=False, soft_wrap=True)
    if mode == "live" or not report.ok:
        print_message(report.summary())
