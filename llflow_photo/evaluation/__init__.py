"""Evaluation of renderings: metrics, and tables of scores."""

from .metrics import align_brightness, gray, psnr, ssim, ssim_map
from .table import Score, ScoreTable, metrics_at_hand, names_of, score_pairs

__all__ = [
    "Score",
    "ScoreTable",
    "align_brightness",
    "gray",
    "metrics_at_hand",
    "names_of",
    "psnr",
    "score_pairs",
    "ssim",
    "ssim_map",
]
