"""The argument parser of all commands: short errors of usage, and help that is completed when it is shown."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from .console import print_error, print_message

__all__ = ["Parser"]


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, and in another how to get help for the command.

    Attributes:
        complete_help: called before help is formatted, for texts that need slow imports.
    """

    complete_help: Callable[[], None] = staticmethod(lambda: None)

    def error(self, message: str) -> NoReturn:
        """Report an error of usage, and exit with code 2."""
        print_error(message)
        print_message(f"see {self.prog} --help")
        self.exit(2)

    def parse_known_args(self, *args: Any, **more: Any) -> Any:
        """Reject unknown arguments; argparse would report those of a command as errors of the program."""
        found, unknown = super().parse_known_args(*args, **more)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def format_help(self) -> str:
        """The help, completed."""
        self.complete_help()
        return super().format_help()
