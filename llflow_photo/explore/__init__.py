"""Exploring one photo: regions and their renderings, and the spread of these."""

from __future__ import annotations

from .encoded import EncodedRegion, WholePhoto, encode_region
from .fullsize import render_full_size
from .grid import default_grid, neighbours, varied_grid
from .region import Region, resample, subsample, visible_region
from .statistics import Spread, spread_of

__all__ = [
    "EncodedRegion",
    "Region",
    "Spread",
    "WholePhoto",
    "default_grid",
    "encode_region",
    "neighbours",
    "render_full_size",
    "resample",
    "spread_of",
    "subsample",
    "varied_grid",
    "visible_region",
]
