"""``evaluate``: score renderings of a model, or a folder of images, against references."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table

from ..errors import LLFlowPhotoError, OptionError
from ..install_hints import PACKAGE, pip_install, shell_quoted
from ..options import Options
from .console import output, print_message, print_table, progress_bar
from .models import find_model
from .numbers import integer, number
from .rendering import add_rendering_arguments, check_device, options_of, without_effect
from .targets import input_path

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
_SHOT = 0.0004
_OF_PAIRS = ("data", "low", "high", "part", "rendered")
_OF_NIGHTS = ("ev", "light", "shot", "longest", "baseline")


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
    group.add_argument("--low", type=input_path, metavar="DIR", help="dark photos")
    group.add_argument("--high", type=input_path, metavar="DIR", help="references with the same names")
    group.add_argument(
        "--data", type=input_path, metavar="DIR", help="instead of --low and --high: a folder as for 'train'"
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
        metavar="N",
        help="seed of the split for --held-out (default: 0)",
    )
    group.add_argument(
        "--rendered",
        type=input_path,
        metavar="DIR",
        help="score the images in this folder instead of a model",
    )
    parser.add_argument(
        "--csv", type=input_path, metavar="FILE", help="write the scores of every photo to this file"
    )
    night = parser.add_argument_group("simulated nights")
    night.add_argument(
        "--night",
        type=input_path,
        metavar="DIR",
        help="instead of pairs: a folder of clean photos, each turned into RAW files of dark scenes",
    )
    night.add_argument(
        "--ev", type=number(), nargs="+", metavar="EV", help="exposures of the nights (default: -3 -5)"
    )
    night.add_argument(
        "--light",
        nargs="+",
        metavar="NAME",
        help="illuminant of each night, the last one also of the others (default: daylight tungsten)",
    )
    night.add_argument(
        "--shot",
        type=number(above=0),
        metavar="X",
        help=f"shot noise parameter (default: {_SHOT})",
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
        default=None,
        help="also score LibRaw's auto-brightness, alone and with OpenCV's non-local means (default: on)",
    )
    add_rendering_arguments(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    _check_combinations(args)
    if args.rendered is None:
        check_device(args.device)
        find_model(args.model)  # now, not after the photos are simulated
        if sentence := without_effect(_options(args)):
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


def _check_combinations(args: argparse.Namespace) -> None:
    """Reject options that would be ignored.

    Raises:
        OptionError: naming the option, and what it needs or contradicts.
    """
    if args.samples != Options().samples:
        raise OptionError(f"--samples is {args.samples}, but one rendering is scored; leave it out")
    if args.split_seed is not None and args.held_out is None:
        raise OptionError("--split-seed chooses the photos of --held-out; give that, too")
    if args.night is not None:
        if given := _given(args, _OF_PAIRS):
            raise OptionError(f"--night simulates its pairs; leave out {given}")
        return
    if given := _given(args, _OF_NIGHTS):
        raise OptionError(f"nights are simulated only with --night; give it, or leave out {given}")
    if args.part is not None and args.data is None:
        raise OptionError("--part chooses a part of --data; give that instead of --low and --high")
    if args.rendered is not None:
        defaults, options = asdict(Options()), asdict(options_of(args))
        changed = [_flag(name, value) for name, value in options.items() if value != defaults[name]]
        if changed:
            raise OptionError(f"--rendered scores images as they are; leave out {' and '.join(changed)}")


def _given(args: argparse.Namespace, names: Sequence[str]) -> str:
    """The flags of the arguments among ``names`` that were given; empty if none was."""
    values = {name: getattr(args, name) for name in names}
    return " and ".join(_flag(name, value) for name, value in values.items() if value is not None)


def _flag(name: str, value: object) -> str:
    return f"--{'no-' if value is False else ''}{name.replace('_', '-')}"


def _run_night(args: argparse.Namespace) -> int:
    from ..api import enhance
    from ..evaluation.night import baselines, evaluate_night, write_csv
    from ..training.photos import find_photos, load_photos, split_photos

    with_baseline = args.baseline is not False
    if with_baseline:
        _check_baseline()
    conditions = _conditions(args)
    paths = find_photos(args.night)
    if args.held_out is not None:
        if args.held_out > len(paths):
            raise OptionError(f"--held-out is {args.held_out}, but there are {len(paths)} photos; give fewer")
        paths = split_photos(paths, args.held_out, args.split_seed or 0)[1]
    photos = dict(zip((path.name for path in paths), load_photos(paths), strict=True))
    _check_writable(args.csv)
    options = _options(args)
    with progress_bar("scoring", len(photos) * (len(conditions) + 1)) as (bar, task):
        rows = evaluate_night(
            photos,
            {options.model: lambda path: enhance(path, options=options)},
            baselines() if with_baseline else None,
            conditions=conditions,
            shot=_SHOT if args.shot is None else args.shot,
            longest=args.longest,
            progress=lambda message: bar.update(task, advance=1, name=message),
        )
    columns = ("condition", "method", "PSNR / dB", "aligned")
    shown = Table(*columns, title=f"mean of {len(photos)} photos", box=None, pad_edge=False)
    for row in sorted(rows, key=lambda row: row.condition):
        shown.add_row(row.condition, row.method, f"{row.psnr:.2f}", f"{row.psnr_aligned:.2f}")
    print_table(shown)
    if args.csv is not None:
        write_csv(rows, args.csv)
        print_message(f"wrote {args.csv}")
    return 0


def _conditions(args: argparse.Namespace) -> list[tuple[float, str]]:
    """Exposure and illuminant of each night; the last illuminant is used for the remaining exposures."""
    from ..camera.sensors import ILLUMINANTS
    from ..evaluation.night import CONDITIONS

    exposures = args.ev or [exposure for exposure, _ in CONDITIONS]
    lights = args.light or [light for _, light in CONDITIONS][: len(exposures)]
    if unknown := sorted(set(lights) - set(ILLUMINANTS)):
        raise OptionError(f"--light is {unknown[0]!r}; give one of {', '.join(sorted(ILLUMINANTS))}")
    if len(lights) > len(exposures):
        raise OptionError(f"--light has {len(lights)} names for {len(exposures)} exposures; give more --ev")
    return [(ev, lights[min(index, len(lights) - 1)]) for index, ev in enumerate(exposures)]


def _check_baseline() -> None:
    """Fail before the scoring rather than after it.

    Raises:
        LLFlowPhotoError: OpenCV is not installed.
    """
    try:
        import_module("cv2")
    except ImportError as error:
        install = pip_install(shell_quoted(f"{PACKAGE}[evaluate]"))
        raise LLFlowPhotoError(
            f"the baseline needs OpenCV, which cannot be imported: {install}, or give --no-baseline"
        ) from error


def _check_writable(path: Path | None) -> None:
    """Fail before the scoring rather than after it; a file that does not exist is not left behind."""
    if path is not None:
        is_new = not path.exists()
        path.open("a").close()
        if is_new:
            path.resolve().unlink()  # not the link to it


def _pairs(args: argparse.Namespace) -> list[Pair]:
    from ..training.pairs import find_pairs, has_parts, pairs_of_folders, split_by_scene

    if args.data is not None and (args.low or args.high):
        raise OptionError("give --data, or --low and --high")
    if args.data is not None:
        if args.part is not None and args.data.is_dir() and not has_parts(args.data):
            raise OptionError(f"{args.data} has no parts, as LOL and VE-LOL have; leave out --part")
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
    return split_by_scene(pairs, args.held_out, args.split_seed or 0)[1]


def _pictures(
    args: argparse.Namespace, pairs: Sequence[Pair]
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, rendering and reference of each pair, H x W x 3, sRGB-encoded, in [0, 1]."""
    from ..api import enhance, read_srgb
    from ..evaluation import names_of

    options = _options(args)
    names = names_of([pair.low for pair in pairs])
    rendered = None if args.rendered is None else _by_stem(args.rendered, pairs)
    for name, pair in zip(names, pairs, strict=True):
        image = enhance(pair.low, options=options) if rendered is None else read_srgb(rendered[pair.low.stem])
        yield name, image, read_srgb(pair.high)


def _options(args: argparse.Namespace) -> Options:
    options = options_of(args).with_changes(samples=1)
    # References are not all finished by one camera.
    return options.with_changes(look="neutral") if options.look == "auto" else options


def _by_stem(folder: Path, pairs: Sequence[Pair]) -> dict[str, Path]:
    """The image in a folder for each dark photo, by the stem of both.

    Raises:
        OptionError: there is none for a dark photo, or it is not clear which.
    """
    from ..files import is_photo

    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if is_photo(path) and path.is_file():
            found.setdefault(path.stem, []).append(path)
    dark = {pair.low.stem: pair.low for pair in pairs}
    if missing := [stem for stem in dark if stem not in found]:
        raise OptionError(f"{folder} has no image for {len(missing)} pairs, the first is {missing[0]}")
    for pair in pairs:
        if pair.low != dark[pair.low.stem]:
            both = f"{pair.low} and {dark[pair.low.stem]}"
            raise OptionError(f"{both} have the same name, so that --rendered is ambiguous; rename one")
        if len(images := found[pair.low.stem]) > 1:
            both = " and ".join(path.name for path in images)
            raise OptionError(f"{folder} has {both} for {pair.low.name}; keep one of them")
    return {stem: images[0] for stem, images in found.items()}


def _show(table: ScoreTable, photos: int) -> None:
    title = "1 photo" if photos == 1 else f"mean of {photos} photos"
    shown = Table(title, "as is", "aligned", box=None, pad_edge=False)
    for metric in table.metrics:
        score = table.mean(metric)
        digits = 2 if metric in ("psnr", "ssimulacra2") else 4
        numbers = [f"{number:.{digits}f}" for number in (score.as_is, score.aligned)]
        shown.add_row(_HEADINGS.get(metric, metric), *numbers)
    print_table(shown)
    if photos > 1:
        output().print(
            f"mean luma: correlation with the references' {table.luma_correlation:.2f}, "
            f"root mean square difference {255 * table.luma_error:.1f} of 255",
            soft_wrap=True,
        )
