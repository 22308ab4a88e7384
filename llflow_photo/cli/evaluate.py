"""``evaluate``: score renderings of a model, or a folder of images, against references."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table

from ..errors import OptionError
from ..paths import expanded
from .console import output, print_message, progress_bar
from .numbers import integer
from .rendering import add_rendering_arguments, options_of

if TYPE_CHECKING:
    from ..evaluation import ScoreTable
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
        help="score a model on pairs of dark and well-exposed photos",
        description="Score renderings of dark photos against references, as is and with the mean brightness "
        "scaled to that of the reference (GT-mean, like most published scores). --look auto means neutral "
        "here; texture and local exposure are applied as given.",
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
        help="only the N scenes that 'train' holds out for validation",
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
    add_rendering_arguments(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from ..evaluation import metrics_at_hand, score_pairs

    pairs = _pairs(args)
    if args.csv is not None:
        args.csv.open("a").close()  # fail now rather than after scoring
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

    options = options_of(args).with_changes(samples=1)
    if options.look == "auto":
        options = options.with_changes(look="neutral")  # the references have different tone curves
    rendered = _by_stem(args.rendered, pairs) if args.rendered else None
    for pair in pairs:
        image = read_srgb(rendered[pair.low.stem]) if rendered else enhance(pair.low, options=options)
        yield pair.low.name, image, read_srgb(pair.high)


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
