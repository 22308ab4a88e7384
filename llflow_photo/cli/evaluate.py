"""``evaluate``: score renderings of a model, or a folder of images, against references."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table

from ..errors import LLFlowPhotoError, OptionError
from ..install_hints import PACKAGE, pip_install
from ..paths import expanded
from .console import output, print_message, progress_bar
from .numbers import integer, number
from .rendering import add_rendering_arguments, options_of, without_effect

if TYPE_CHECKING:
    from ..evaluation import ScoreTable
    from ..options import Options
    from ..training.pairs import Pair

__all__ = ["add_commands"]

_HEADINGS = {
    "psnr": "PSNR / dB",
    "ssim": "SSIM",
    "ssim_gray": "SSIM on gray",
    "ssimulacra2": "SSIMULACRA2",
    "lpips": "LPIPS",
}


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evaluate",
        help="score a model on pairs of dark and well-exposed photos, or on simulated nights",
        description="Score renderings of dark photos against references, as is and with the mean brightness "
        "scaled to that of the reference (GT-mean, like most published scores). The dark photos are read "
        "from disk or, with --night, simulated from clean photos. --look auto means neutral here; texture "
        "and local exposure are applied as given.",
    )
    group = parser.add_argument_group("pairs")
    group.add_argument("--low", type=expanded, metavar="DIR", help="dark photos")
    group.add_argument("--high", type=expanded, metavar="DIR", help="references with the same names")
    group.add_argument(
        "--data", type=expanded, metavar="DIR", help="instead of --low and --high: a folder as for 'train'"
    )
    group.add_argument(
        "--part",
        choices=("train", "test"),
        help="part of --data: our485 or Train, eval15 or Test (default: all)",
    )
    group.add_argument(
        "--held-out",
        type=integer(1),
        metavar="N",
        help="only the N scenes or clean photos that 'train' holds out for validation",
    )
    group.add_argument(
        "--split-seed",
        type=integer(0),
        default=0,
        metavar="N",
        help="seed of the split for --held-out (default: 0)",
    )
    group.add_argument(
        "--rendered", type=expanded, metavar="DIR", help="score the images in this folder instead of a model"
    )
    parser.add_argument(
        "--csv", type=expanded, metavar="FILE", help="write the scores of every photo to this file"
    )
    night = parser.add_argument_group("simulated nights")
    night.add_argument(
        "--night",
        type=expanded,
        metavar="DIR",
        help="instead of pairs: a folder of clean photos, each turned into RAW files of dark scenes",
    )
    night.add_argument(
        "--ev", type=number(), nargs="+", metavar="EV", help="exposures of the nights (default: -3 -5)"
    )
    night.add_argument(
        "--light", nargs="+", metavar="NAME", help="illuminant of each night (default: daylight tungsten)"
    )
    night.add_argument(
        "--shot",
        type=number(above=0),
        default=0.0004,
        metavar="X",
        help="shot noise parameter (default: %(default)s)",
    )
    night.add_argument(
        "--longest",
        type=integer(16),
        metavar="N",
        help="scale the clean photos down to this longer side first",
    )
    night.add_argument(
        "--baseline",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also score LibRaw's auto-brightness, alone and with OpenCV's non-local means (default: on)",
    )
    add_rendering_arguments(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    if not args.rendered and (sentence := without_effect(_options(args))):
        print_message(f"note: {sentence}")
    if args.night is not None:
        return _run_night(args)
    from ..evaluation import metrics_at_hand, score_pairs

    pairs = _pairs(args)
    _check_writable(args.csv)
    metrics, missing = metrics_at_hand()
    for sentence in missing:
        print_message(sentence)
    with progress_bar("scoring", len(pairs)) as (bar, task):
        table = score_pairs(
            _pictures(args, pairs), metrics, lambda name: bar.update(task, advance=1, name=name)
        )
    _show(table, len(pairs))
    if args.csv is not None:
        table.write_csv(args.csv)
        print_message(f"wrote {args.csv}")
    return 0


def _run_night(args: argparse.Namespace) -> int:
    from ..api import enhance
    from ..evaluation.night import baselines, evaluate_night, write_csv
    from ..training.photos import find_photos, load_photos, split_photos

    if args.data is not None or args.low or args.high or args.rendered:
        raise OptionError("--night simulates its pairs; leave out --data, --low, --high and --rendered")
    if args.baseline:
        _check_baseline()
    conditions = _conditions(args)
    paths = find_photos(args.night)
    if args.held_out is not None:
        if args.held_out > len(paths):
            raise OptionError(f"--held-out is {args.held_out}, but there are {len(paths)} photos; give fewer")
        paths = split_photos(paths, args.held_out, args.split_seed)[1]
    photos = dict(zip((path.name for path in paths), load_photos(paths), strict=True))
    _check_writable(args.csv)
    options = _options(args)
    with progress_bar("scoring", len(photos) * (len(conditions) + 1)) as (bar, task):
        rows = evaluate_night(
            photos,
            {options.model: lambda path: enhance(path, options=options)},
            baselines() if args.baseline else None,
            conditions=conditions,
            shot=args.shot,
            longest=args.longest,
            progress=lambda message: bar.update(task, advance=1, name=message),
        )
    columns = ("condition", "method", "PSNR / dB", "aligned")
    shown = Table(*columns, title=f"mean of {len(photos)} photos", box=None, pad_edge=False)
    for row in sorted(rows, key=lambda row: row.condition):
        shown.add_row(row.condition, row.method, f"{row.psnr:.2f}", f"{row.psnr_aligned:.2f}")
    output().print(shown)
    if args.csv is not None:
        write_csv(rows, args.csv)
        print_message(f"wrote {args.csv}")
    return 0


def _conditions(args: argparse.Namespace) -> list[tuple[float, str]]:
    """Exposure and illuminant of each night; the last illuminant is used for the remaining exposures."""
    from ..camera.sensors import ILLUMINANTS
    from ..evaluation.night import CONDITIONS

    if args.ev is None and args.light is None:
        return list(CONDITIONS)
    exposures = args.ev or [exposure for exposure, _ in CONDITIONS]
    lights = args.light or ["daylight"]
    if unknown := sorted(set(lights) - set(ILLUMINANTS)):
        raise OptionError(f"--light is {unknown[0]!r}; give one of {', '.join(sorted(ILLUMINANTS))}")
    return [(ev, lights[min(index, len(lights) - 1)]) for index, ev in enumerate(exposures)]


def _check_baseline() -> None:
    """Fail before the scoring rather than after it.

    Raises:
        LLFlowPhotoError: OpenCV is not installed.
    """
    try:
        import_module("cv2")
    except ImportError as error:
        install = pip_install(f"'{PACKAGE}[evaluate]'")
        raise LLFlowPhotoError(
            f"the baseline needs OpenCV, which cannot be imported: {install}, or give --no-baseline"
        ) from error


def _check_writable(path: Path | None) -> None:
    """Fail before the scoring rather than after it."""
    if path is not None:
        path.open("a").close()


def _pairs(args: argparse.Namespace) -> list[Pair]:
    from ..training.pairs import find_pairs, pairs_of_folders, split_by_scene

    if args.data is not None and (args.low or args.high):
        raise OptionError("give --data, or --low and --high")
    if args.data is not None:
        pairs = find_pairs(args.data, args.part or (None if args.held_out is None else "train"))
    elif args.low is not None and args.high is not None:
        pairs = pairs_of_folders(args.low, args.high)
    else:
        raise OptionError("give --low DIR and --high DIR, or --data DIR")
    if args.held_out is None:
        return pairs
    scenes = len({pair.scene for pair in pairs})
    if args.held_out > scenes:
        raise OptionError(f"--held-out is {args.held_out}, but there are {scenes} scenes; give fewer")
    return split_by_scene(pairs, args.held_out, args.split_seed)[1]


def _pictures(
    args: argparse.Namespace, pairs: Sequence[Pair]
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, rendering and reference of each pair, H x W x 3, sRGB-encoded, in [0, 1]."""
    from ..api import enhance, read_srgb

    options = _options(args)
    rendered = _by_stem(args.rendered, pairs) if args.rendered else None
    for pair in pairs:
        image = read_srgb(rendered[pair.low.stem]) if rendered else enhance(pair.low, options=options)
        yield pair.low.name, image, read_srgb(pair.high)


def _options(args: argparse.Namespace) -> Options:
    options = options_of(args).with_changes(samples=1)
    # References are not all finished by one camera.
    return options.with_changes(look="neutral") if options.look == "auto" else options


def _by_stem(folder: Path, pairs: Sequence[Pair]) -> dict[str, Path]:
    found = {path.stem: path for path in sorted(folder.iterdir())} if folder.is_dir() else {}
    if missing := [pair.low.stem for pair in pairs if pair.low.stem not in found]:
        raise OptionError(f"{folder} has no image for {len(missing)} pairs, the first is {missing[0]}")
    return found


def _show(table: ScoreTable, photos: int) -> None:
    shown = Table(f"mean of {photos} photos", "as is", "aligned", box=None, pad_edge=False)
    for metric in table.metrics:
        score = table.mean(metric)
        digits = 2 if metric in ("psnr", "ssimulacra2") else 4
        numbers = [f"{number:.{digits}f}" for number in (score.as_is, score.aligned)]
        shown.add_row(_HEADINGS.get(metric, metric), *numbers)
    output().print(shown)
    if photos > 1:
        output().print(
            f"mean luma: correlation with the references' {table.luma_correlation:.2f}, "
            f"root mean square difference {255 * table.luma_error:.1f} of 255"
        )
