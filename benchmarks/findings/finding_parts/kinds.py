"""Images that no model was trained on: synthetic screenshots, noise, and darkened images."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from llflow_photo.color.mean_exposure import mean_exposure_ev
from llflow_photo.color.spaces import SRGB, decode, encode, luminance_weights

__all__ = ["as_dark_as", "exposure_ev", "noise_picture", "screenshot"]

_WORDS = ("latent", "photo", "of", "a", "dark", "mean", "bright", "noise", "is", "seed", "rendering")


def screenshot(random: np.random.Generator, height: int = 400, width: int = 600) -> np.ndarray:
    """Windows with a title bar, lines of text and buttons, in a light or dark theme: H x W x 3, in [0, 1]."""
    dark = random.random() < 0.5
    paper, ink = (40, 225) if dark else (245, 30)
    desktop = tuple(int(value) for value in random.integers(20, 200, 3))
    image = Image.new("RGB", (width, height), desktop)
    draw = ImageDraw.Draw(image)
    for _ in range(int(random.integers(1, 4))):
        left, top = int(random.integers(0, width // 2)), int(random.integers(0, height // 2))
        right = left + int(random.integers(width // 4, width))
        bottom = top + int(random.integers(height // 4, height))
        accent = tuple(int(value) for value in random.integers(40, 220, 3))
        draw.rectangle((left, top, right, bottom), fill=(paper, paper, paper), outline=(ink, ink, ink))
        draw.rectangle((left, top, right, top + 18), fill=accent)
        for row in range(top + 26, bottom - 12, 14):
            line = " ".join(random.choice(_WORDS, int(random.integers(3, 12))))
            draw.text((left + 8, row), line, fill=(ink, ink, ink))
        draw.rectangle((left + 8, bottom - 30, left + 80, bottom - 8), fill=accent)
    return np.asarray(image, np.float32) / np.float32(255)


def noise_picture(random: np.random.Generator, height: int = 400, width: int = 600) -> np.ndarray:
    """Independent normal values around a gray, H x W x 3, in [0, 1]."""
    level, spread = random.uniform(0.2, 0.8), random.uniform(0.05, 0.3)
    return np.clip(random.normal(level, spread, (height, width, 3)), 0.0, 1.0).astype(np.float32)


def exposure_ev(image: np.ndarray) -> float:
    """Mean exposure of an H x W x 3, sRGB-encoded picture in [0, 1], EV from 18 % gray."""
    return mean_exposure_ev(decode(image, "srgb") @ luminance_weights(SRGB).astype(np.float32))


def as_dark_as(image: np.ndarray, wanted_ev: float) -> np.ndarray:
    """Darkened in linear light to a mean exposure and rounded to eight bits, as dark photos are."""
    linear = decode(image, "srgb")
    gain = 1.0
    for _ in range(4):  # one step is not exact, because the mean exposure has a lower limit
        now = exposure_ev(encode(linear * np.float32(gain), "srgb"))
        gain = min(1.0, gain * 2.0 ** (wanted_ev - now))
    dark = encode(linear * np.float32(gain), "srgb")
    return np.asarray(np.rint(np.clip(dark, 0, 1) * 255) / 255, np.float32)
