"""Camera simulation: converts a clean photo to the RAW frame that a camera would record at night.

Uses numpy and LibRaw only. `random_night` describes a frame, `simulate_night_raw` records it, `develop`
develops it like a real RAW file, `write_frame_dng` writes it to a file.
"""

from .develop import develop, develop_many
from .dng import write_frame_dng
from .jpeg import camera_jpeg, random_jpeg
from .night import NightSettings, night, random_night
from .raw import RawFrame
from .simulate import expose, reference, simulate_night_raw

__all__ = [
    "NightSettings",
    "RawFrame",
    "camera_jpeg",
    "develop",
    "develop_many",
    "expose",
    "night",
    "random_jpeg",
    "random_night",
    "reference",
    "simulate_night_raw",
    "write_frame_dng",
]
