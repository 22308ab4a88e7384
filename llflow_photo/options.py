"""Options of rendering, with their defaults and validation, for API, command line and plugin."""

from __future__ import annotations

import math
import operator
import os
from dataclasses import asdict, dataclass, fields, replace
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from .errors import OptionError

__all__ = ["DEFAULT_MODEL", "LOOKS", "Options", "given_or_default"]

DEFAULT_MODEL = "night-compact"
_MOST_SAMPLES = 10_000
LOOKS = ("auto", "neutral", "standard")
_Settings = TypeVar("_Settings")


@dataclass(frozen=True)
class Options:
    """Options of rendering a photo.

    Attributes:
        model: name of a shipped model or path of a ``.safetensors`` file.
        temperature: variation of renderings, 0 to about 1.5; 0 is the model's best estimate, at 1 renderings
            vary as much as well-exposed photos of one scene.
        samples: number of renderings.
        seed: seed of the look; the same seed gives the same rendering.
        detail_seed: seed of regions and grain, which vary from photo to photo under one look. None uses
            ``seed``; batches use one per photo.
        grain: noise of fine detail at a temperature above 0, from 0 (none: only the look of the frame and its
            regions varies) to 1 (as much as in the model's prior).
        brightness: shift along the model's brightness direction in the latent, 0 for none, negative for
            darker; values below about -2 and above about 1.2 change nothing more.
        strength: blend of the photo as developed (0) and the rendering (1).
        exposure_ev: EV added to the rendering in linear light.
        protect_highlights: preserve color, core and detail of lamps and signs.
        denoise_only: keep the photo's brightness and color, and remove its noise only.
        texture: amount of the photo's fine texture above the noise that is restored, 0 to 1.
        local_exposure: amount by which dark areas near lamps are lifted, 0 to 1; frames without lamps and
            well-lit ones do not change.
        color_smoothing: amount of smoothing of color noise in shadows, 0 to 1.
        remove_specks: repair hot pixels before the network; stars are kept.
        look: contrast of the result: ``standard`` like camera JPEGs, ``neutral`` as rendered; ``auto`` is
            standard for RAW files and neutral for others.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        tile: ``auto`` or the side of a square tile in pixels; tiles are rectangles of at most its area.
    """

    model: str = DEFAULT_MODEL
    temperature: float = 0.0
    samples: int = 1
    seed: int = 0
    detail_seed: int | None = None
    grain: float = 0.0
    brightness: float = 0.0
    strength: float = 1.0
    exposure_ev: float = 0.0
    protect_highlights: bool = True
    denoise_only: bool = False
    texture: float = 0.6
    local_exposure: float = 0.6
    color_smoothing: float = 1.0
    remove_specks: bool = True
    look: str = "auto"
    device: str = "auto"
    tile: int | str = "auto"

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "model", os.fspath(self.model))
        except TypeError:
            raise OptionError(f"model is {self.model!r}; give a name or a path") from None
        if not isinstance(self.device, str):
            raise OptionError(f"device is {self.device!r}; give a name such as 'auto', 'cpu' or 'cuda'")
        for name in ("protect_highlights", "denoise_only", "remove_specks"):
            self._check_switch(name)
        self._check_range("temperature", 0.0, 10.0)
        self._check_range("strength", 0.0, 1.0)
        for name in ("grain", "texture", "local_exposure", "color_smoothing"):
            self._check_range(name, 0.0, 1.0)
        if self.look not in LOOKS:
            raise OptionError(f"look is {self.look!r}; give {', '.join(LOOKS)}")
        self._check_range("brightness", -10.0, 10.0)
        self._check_range("exposure_ev", -10.0, 10.0)
        self._check_whole("samples", 1, f"a whole number from 1 to {_MOST_SAMPLES}", _MOST_SAMPLES)
        self._check_whole("seed", 0, "a whole number of at least 0")
        if self.detail_seed is not None:
            self._check_whole("detail_seed", 0, "a whole number of at least 0")
        if self.tile != "auto":
            self._check_whole("tile", 64, "'auto' or a side of at least 64 pixels")

    def _check_whole(self, name: str, low: int, wanted: str, high: float = math.inf) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not hasattr(value, "__index__") or not low <= value <= high:
            raise OptionError(f"{name} is {value!r}; give {wanted}")
        object.__setattr__(self, name, operator.index(value))  # converts integers of numpy

    def _check_switch(self, name: str) -> None:
        value = getattr(self, name)
        if not isinstance(value, (bool, np.bool_)):
            raise OptionError(f"{name} is {value!r}; give True or False")
        object.__setattr__(self, name, bool(value))

    def _check_range(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise OptionError(f"{name} is {value!r}; give a number from {low:g} to {high:g}")
        if not low <= float(value) <= high:
            raise OptionError(f"{name} is {float(value):g}; it must be from {low:g} to {high:g}")
        object.__setattr__(self, name, float(value))

    def with_changes(self, **changes: Any) -> Options:
        """A copy with some options changed; unknown names are an `OptionError`."""
        known = {field.name for field in fields(self)}
        if unknown := sorted(set(changes) - known):
            raise OptionError(f"unknown option {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return replace(self, **changes)

    def of_the_picture(self) -> dict[str, Any]:
        """The options that affect the result: all but ``device`` and ``tile``."""
        values = asdict(self)
        del values["device"], values["tile"]
        return values


def given_or_default(name: str, given: _Settings | None, wanted: type[_Settings]) -> _Settings:
    """The settings that a caller gave as an argument; those of ``wanted()`` if they are None.

    Args:
        name: of the argument.
        given: its value.
        wanted: the class of the settings, such as `Options`.

    Raises:
        OptionError: the value is of another type.
    """
    if given is None:
        return wanted()
    if not isinstance(given, wanted):
        kind = wanted.__name__
        raise OptionError(f"{name} is {given!r}; give an instance of {kind}, such as {kind}()")
    return given
