"""Arguments for the development of RAW files and the output format."""

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
    group = parser.add_argument_group("output files")
    group.add_argument(
        "--format",
        type=lambda text: {"jpg": "jpeg", "tif": "tiff", "heif": "heic"}.get(text.lower(), text.lower()),
        choices=_FORMATS,
        default=None,
        help="output format; dng is linear, for RAW editors (default: suffix of --output, else jpeg)",
    )
    group.add_argument(
        "--quality", type=int, default=95, metavar="N", help="quality of lossy formats (default: 95)"
    )
    group.add_argument(
        "--bit-depth",
        type=int,
        choices=(8, 10, 16, 32),
        default=None,
        help="bits per channel of PNG, TIFF and HEIC (10); 32 is float (default: best for format and photo)",
    )
    group.add_argument(
        "--color-space",
        choices=_SPACES,
        default="srgb",
        help="output color space; not for dng, which has that of the camera (default: srgb)",
    )
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
        help="areas where the sensor clipped (default: neutral)",
    )
    group.add_argument(
        "--hot-pixels",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="repair hot pixels (default: on)",
    )


def encoding_of(args: argparse.Namespace, target: Path | None = None) -> Encoding:
    """The output format; the suffix of ``target``, if given, determines it if ``--format`` does not.

    Raises:
        OptionError: a value is invalid, or the format needs a plugin that is not installed.
    """
    from ..errors import OptionError, WriteError
    from ..files import Encoding, check_format

    encoding = Encoding(
        args.format or (None if target else "jpeg"), args.quality, args.bit_depth, args.color_space
    )
    try:
        check_format(target or Path("photo"), encoding, args.bit_depth or 8)
    except WriteError as error:
        raise OptionError(str(error)) from error
    return encoding


def raw_options_of(args: argparse.Namespace) -> RawOptions:
    """The options for the development of RAW files.

    Raises:
        OptionError: a value is invalid.
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
