"""Arguments that say how RAW files are developed and how results are written."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..files import Encoding, RawOptions

__all__ = ["add_writing_arguments", "encoding_of", "raw_options_of"]

_FORMATS = ("jpeg", "png", "tiff", "dng", "webp", "avif", "heic", "jxl")
_SPACES = ("srgb", "display-p3", "adobe-rgb", "prophoto", "rec2020-linear", "srgb-linear")


def add_writing_arguments(parser: argparse.ArgumentParser) -> None:
    """Add arguments for `files.Encoding` and `files.RawOptions`."""
    group = parser.add_argument_group("files written")
    group.add_argument(
        "--format",
        type=lambda text: {"jpg": "jpeg", "tif": "tiff", "heif": "heic"}.get(text.lower(), text.lower()),
        choices=_FORMATS,
        default=None,
        help="of the outputs; dng is linear, for RAW editors (default: what --output ends in, else jpeg)",
    )
    group.add_argument("--quality", type=int, default=95, metavar="N", help="of lossy formats (default: 95)")
    group.add_argument(
        "--bit-depth",
        type=int,
        choices=(8, 10, 16, 32),
        default=None,
        help="of PNG, TIFF and HEIC (10); 32 is float (default: the format's best)",
    )
    group.add_argument("--color-space", choices=_SPACES, default="srgb", help="(default: srgb)")
    group = parser.add_argument_group("RAW development")
    group.add_argument(
        "--white-balance",
        default="camera",
        metavar="WB",
        help="camera, daylight, or multipliers of red, green and blue: 2.1,1,1.6 (default: camera)",
    )
    group.add_argument(
        "--highlights",
        choices=("neutral", "clip", "keep"),
        default="neutral",
        help="where the sensor clipped (default: neutral)",
    )
    group.add_argument(
        "--hot-pixels",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="repair pixels that shine alone (default: on)",
    )


def encoding_of(args: argparse.Namespace, target: Path | None = None) -> Encoding:
    """How to write; the name of ``target``, where one is given, decides where ``--format`` does not.

    Raises:
        OptionError: a value cannot be.
        WriteError: the format needs a plugin that is not installed.
    """
    from ..files import Encoding, check_format

    encoding = Encoding(
        args.format or (None if target else "jpeg"), args.quality, args.bit_depth, args.color_space
    )
    check_format(target or Path("photo"), encoding, args.bit_depth or 8)
    return encoding


def raw_options_of(args: argparse.Namespace) -> RawOptions:
    """How to develop RAW files.

    Raises:
        OptionError: a value cannot be.
    """
    from ..errors import OptionError
    from ..files import RawOptions

    balance: str | tuple[float, ...] = args.white_balance
    if args.white_balance not in ("camera", "daylight"):
        try:
            balance = tuple(float(number) for number in args.white_balance.split(","))
        except ValueError:
            raise OptionError(
                f"--white-balance is {args.white_balance!r}; give camera, daylight or numbers like 2.1,1,1.6"
            ) from None
    return RawOptions(balance, args.highlights, args.hot_pixels)
