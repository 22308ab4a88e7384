"""Numbers as arguments: what is out of range is wrong usage, told with what may be given."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

__all__ = ["number", "whole"]


def whole(low: int) -> Callable[[str], int]:
    """A type for argparse: whole numbers from ``low`` up."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low:
            raise argparse.ArgumentTypeError(f"{text!r} given; give a whole number from {low} up")
        return value

    return parse


def number(above: float = -math.inf, below: float = math.inf) -> Callable[[str], float]:
    """A type for argparse: finite numbers above ``above`` and below ``below``."""
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
