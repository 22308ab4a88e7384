"""Validation on whole held-out photos: PSNR, SSIM and likelihood.

PSNR and SSIM are computed as is and brightness-aligned, see `evaluation.metrics.align_brightness`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..evaluation.metrics import align_brightness, gray, psnr, ssim
from ..flow import LLFlow
from .loss import nll_bits
from .pairs import LoadedPair

__all__ = ["Validation", "validate"]


@dataclass(frozen=True)
class Validation:
    """Means over the held-out photos: dB, SSIM on gray, bits per pixel (without noise on the reference)."""

    psnr: float
    psnr_aligned: float
    ssim_gray: float
    ssim_gray_aligned: float
    nll: float


@torch.no_grad()
def validate(model: LLFlow, pairs: Sequence[LoadedPair], device: torch.device) -> Validation:
    """Score the decoded mean of every pair's dark photo at full size, in float32."""
    rows = []
    for pair in pairs:
        low, high = (
            torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(255.0).to(device)
            for pixels in (pair.low, pair.high)
        )
        table = None if model.branch else torch.from_numpy(pair.equalization)[None].to(device)
        conditioning = model.encode(low.contiguous(memory_format=torch.channels_last), table)
        decoded = model.decode(conditioning).clamp(0, 1)[0].permute(1, 2, 0).cpu().numpy()
        reference = pair.high.astype(np.float32) / 255.0
        aligned = align_brightness(decoded, reference)
        rows.append(
            (
                psnr(decoded, reference),
                psnr(aligned, reference),
                ssim(gray(decoded), gray(reference)),
                ssim(gray(aligned), gray(reference)),
                float(nll_bits(model, high, conditioning)),
            )
        )
    return Validation(*(float(value) for value in np.mean(rows, axis=0)))
