"""The network: a conditional normalizing flow for low-light photos, as its paper describes it."""

from .llflow import Conditioning, LLFlow
from .sizes import COMPACT, LARGE, SIZES, SMALL, DenseSize, Size, UNetSize
from .statistics import PhotoStatistics

__all__ = [
    "COMPACT",
    "LARGE",
    "SIZES",
    "SMALL",
    "Conditioning",
    "DenseSize",
    "LLFlow",
    "PhotoStatistics",
    "Size",
    "UNetSize",
]
