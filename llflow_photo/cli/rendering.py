"""Rendering arguments, with the defaults of `Options`."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields
from typing import Any

from ..errors import OptionError
from ..options import Options

__all__ = ["add_rendering_arguments", "check_device", "options_of", "without_effect"]

_DEVICE = re.compile(r"auto|(cpu|cuda|mps)(:[0-9]+)?")
_DEFAULTS = Options()
_SETTINGS: dict[str, tuple[type, str]] = {
    "model": (str, "name of a model ('llflow-photo models' lists them) or path of a .safetensors file"),
    "temperature": (float, "variation of renderings: 0 is the model's best guess, 0.8 is typical"),
    "samples": (int, "number of renderings of each photo; at temperature 0 all are the same best guess"),
    "seed": (int, "seed of the variation; the same seed gives the same rendering"),
    "grain": (float, "amount of fine noise at a temperature above 0, 0 to 1"),
    "brightness": (float, "shift along the brightness direction of the latent; negative is darker"),
    "strength": (float, "blend from the photo as developed (0) to the rendering (1)"),
    "exposure_ev": (float, "exposure added to the rendering, in EV"),
    "texture": (float, "restore fine texture of the photo where it exceeds the noise, 0 to 1"),
    "local_exposure": (float, "brighten dark surroundings of lamps, 0 to 1"),
    "color_smoothing": (float, "smooth color noise in dark areas, 0 to 1"),
    "look": (str, "tone curve: neutral, standard (like camera JPEGs), or auto (standard for RAW files)"),
    "device": (str, "auto, cpu, cuda, cuda:1 or mps"),
    "tile": (str, "auto, or the size of a tile in pixels"),
}
_SWITCHES = {
    "protect_highlights": "keep lamps and signs from being brightened",
    "remove_specks": "repair hot pixels before rendering; keeps stars",
    "denoise_only": "only remove noise, and keep brightness and color of the photo",
}


def add_rendering_arguments(parser: argparse.ArgumentParser) -> None:
    """Add an argument for each field of `Options`."""
    group = parser.add_argument_group("rendering")
    for name, (kind, text) in _SETTINGS.items():
        default = getattr(_DEFAULTS, name)
        shown = f"{default:g}" if isinstance(default, float) else default
        metavar = {str: "NAME", int: "N", float: "X"}[kind]
        group.add_argument(
            _flag(name), type=kind, default=default, metavar=metavar, help=f"{text} (default: {shown})"
        )
    for name, text in _SWITCHES.items():
        default = getattr(_DEFAULTS, name)
        group.add_argument(
            _flag(name),
            action=argparse.BooleanOptionalAction,
            default=default,
            help=f"{text} (default: {'on' if default else 'off'})",
        )


def options_of(args: argparse.Namespace) -> Options:
    """The options of a parsed command line.

    Raises:
        OptionError: a value is invalid.
    """
    names = [field.name for field in fields(Options) if hasattr(args, field.name)]
    given: dict[str, Any] = {name: getattr(args, name) for name in names}
    tile = str(given["tile"])
    given["tile"] = int(tile) if tile.isdecimal() else tile
    return Options(**given)


def check_device(name: str) -> None:
    """Check the name of a device, which may still not be available.

    Raises:
        OptionError: there is no such kind of device.
    """
    if not _DEVICE.fullmatch(name):
        raise OptionError(f"device is {name!r}; give 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'")


def without_effect(options: Options) -> str:
    """A sentence for users if options have no effect at temperature 0; else empty."""
    if options.temperature > 0:
        return ""
    effects = ["all renderings are the same best guess"] if options.samples > 1 else []
    effects += ["there is no grain"] if options.grain > 0 else []
    if not effects:
        return ""
    return f"at temperature 0 {' and '.join(effects)}; for variation give --temperature, for example 0.8"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
