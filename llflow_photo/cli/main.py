"""The parser, and the common parts of all commands: error messages, exit codes, logging."""

from __future__ import annotations

import argparse
import errno
import logging
import warnings
from collections.abc import Sequence

from .. import __version__
from ..errors import CancelledError, LLFlowPhotoError, OptionError
from . import doctor, enhance, evaluate, models, train
from .console import lasting_streams, print_error
from .parser import Parser

__all__ = ["build_parser", "main"]

_COMMANDS = (enhance, train, evaluate, models, doctor)
INTERRUPTED = 130


def build_parser() -> Parser:
    """The parser of all commands."""
    parser = Parser(
        prog="llflow-photo",
        description="Enhance photos taken in low light.",
        epilog="Exit codes: 0 success, 1 failure, 2 invalid arguments, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"llflow-photo {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in _COMMANDS:
        module.add_commands(commands)
    for command in commands.choices.values():
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    Args:
        arguments: of the command line; by default ``sys.argv``.
    """
    lost: list[OSError] = []
    try:
        with lasting_streams() as lost:
            code = _run(build_parser().parse_args(arguments))
    except SystemExit as end:  # of the parser, after --help or an error
        if end.code or not lost:
            raise
        code = 0
    if lost and not code:
        with lasting_streams():
            print_error(_message(lost[0]))
        return 1
    return code


def _run(args: argparse.Namespace) -> int:
    _show_logs(logging.DEBUG if args.debug else logging.WARNING)
    if not args.debug:  # notes report its warnings about damaged metadata
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    try:
        return int(args.run(args))
    except (KeyboardInterrupt, CancelledError) as interrupt:
        print_error(str(interrupt) or "interrupted")
        return INTERRUPTED
    except Exception as error:  # show a message instead of a traceback
        if args.debug:
            raise
        print_error(_message(error))
        return 2 if isinstance(error, OptionError) else 1


def _show_logs(level: int) -> None:
    """Write log records of a level and above to standard error.

    The handler has the level, too, because Dask sets the level of its own loggers.
    """
    handler = logging.StreamHandler()
    handler.setLevel(level)
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s", handlers=[handler])


def _message(error: Exception) -> str:
    """One line for any exception."""
    if isinstance(error, LLFlowPhotoError):
        return str(error)
    if isinstance(error, OSError) and (text := _message_of_system(error)):
        return text
    if isinstance(error, MemoryError):
        return "there is not enough memory; close other programs or process less at once"
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}; unexpected error: --debug shows the traceback"


def _message_of_system(error: OSError) -> str:
    """The message of an error of the operating system; empty if it is of an unexpected kind."""
    if isinstance(error, PermissionError) and error.filename is not None:
        return f"{error.filename} may not be accessed; check its permissions, or choose another path"
    if error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror.lower()}; choose another path"
    if error.errno == errno.ENOSPC:
        return "the output cannot be written: no space left on the disk; free space"
    if error.errno == errno.ENOENT:  # of os.getcwd(), which has no file name
        return "the current folder was deleted; change to another folder"
    return ""
