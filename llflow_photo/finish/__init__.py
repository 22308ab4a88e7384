"""What every rendering goes through last: texture, color noise, local exposure, lamps, strength and look.

Controls are fields of `Options`. What is global is decided once per photo (`PhotoAnalysis`); everything else
looks at a few pixels around each pixel, so that regions, previews and whole photos agree.
"""

from .analysis import PhotoAnalysis
from .finishing import finished
from .progress import of_stage
from .specks import without_specks

__all__ = ["PhotoAnalysis", "finished", "of_stage", "without_specks"]
