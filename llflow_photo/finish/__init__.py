"""Post-processing of renderings: texture, color noise, local exposure, lamps, strength and look.

Controls are fields of `Options`. Global decisions are made once per photo (`PhotoAnalysis`); all else depends
on a small neighborhood of each pixel, so that regions, previews and whole photos agree.
"""

from .analysis import PhotoAnalysis
from .finishing import areas_without_light, completed, finished, refined, refining
from .progress import of_stage
from .specks import without_specks

__all__ = [
    "PhotoAnalysis",
    "areas_without_light",
    "completed",
    "finished",
    "of_stage",
    "refined",
    "refining",
    "without_specks",
]
