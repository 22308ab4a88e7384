"""Argument types for numbers, with error messages that state the valid range."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

__all__ = ["integer", "number"]


def integer(low: int) -> Callable[[str], int]:
    """An argparse type: integers of at least ``low``."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low:
            raise argparse.ArgumentTypeError(f"{text!r} given; give an integer of at least {low}")
        return value

    return parse


def number(above: float = -math.inf, below: float = math.inf) -> Callable[[str], float]:
    """An argparse type: finite numbers above ``above`` and below ``below``."""
    bounds = [f"above {above:g}"] * math.isfinite(above) + [f"below {below:g}"] * math.isfinite(below)

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (above < value < below):
            wanted = " ".join(["a number", " and ".join(bounds)]).strip()
            raise argparse.ArgumentTypeError(f"{text!r} given; give {wanted}")
        return value

    return parse
