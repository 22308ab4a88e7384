"""Options of RAW development."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import OptionError

__all__ = ["RawOptions"]

_HIGHLIGHTS = ("neutral", "clip", "keep")
_DEMOSAICS = ("ahd", "dht", "dcb", "vng", "ppg", "linear")


@dataclass(frozen=True)
class RawOptions:
    """Options of RAW development, which precedes the network.

    Attributes:
        white_balance: ``camera`` (as shot), ``daylight``, or multipliers of red, green, blue (and the second
            green); only their ratios matter.
        highlights: ``neutral`` (clipped highlights lose their false color but keep their brightness, with
            headroom above white), ``clip`` (values are clipped at white), ``keep`` (channels are not
            changed; clipped lamps turn magenta, but nothing is lost).
        hot_pixels: whether to repair hot pixels.
        demosaic: ``ahd``, ``dht``, ``dcb``, ``vng``, ``ppg`` or ``linear``; X-Trans sensors have an algorithm
            of their own.
    """

    white_balance: str | tuple[float, ...] = "camera"
    highlights: str = "neutral"
    hot_pixels: bool = True
    demosaic: str = "ahd"

    def __post_init__(self) -> None:
        balance = self.white_balance
        if isinstance(balance, str):
            if balance not in ("camera", "daylight"):
                raise OptionError(f"white_balance is {balance!r}; give camera, daylight or three multipliers")
        else:
            numbers = tuple(float(value) for value in balance)
            if len(numbers) not in (3, 4) or not all(math.isfinite(v) and v > 0 for v in numbers):
                raise OptionError(f"white_balance is {balance!r}; give three or four multipliers above 0")
            object.__setattr__(self, "white_balance", numbers)
        if self.highlights not in _HIGHLIGHTS:
            raise OptionError(f"highlights is {self.highlights!r}; give {', '.join(_HIGHLIGHTS)}")
        if self.demosaic not in _DEMOSAICS:
            raise OptionError(f"demosaic is {self.demosaic!r}; give {', '.join(_DEMOSAICS)}")
