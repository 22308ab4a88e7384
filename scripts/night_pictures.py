"""Draw the effect of four options on night photos: ``python scripts/night_pictures.py [--model NAME]``.

Writes one picture each for `exposure_ev`, `strength`, `protect_highlights` and `denoise_only` to
``docs/images/night/``, made from ``sample_images/``; ``docs/how-to/raw.md`` shows them. The numbers above the
panels are measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from llflow_photo import Options, Photo, load_enhancer
from llflow_photo.api import rendering_of
from llflow_photo.color.light_samples import KnownLight
from llflow_photo.color.mean_exposure import mean_exposure_ev
from llflow_photo.color.spaces import SRGB, convert, decode
from llflow_photo.color.working import Residual, to_network
from llflow_photo.engine import EncodedPhoto
from llflow_photo.files import read
from llflow_photo.options import DEFAULT_MODEL

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_images"
TARGET = ROOT / "docs" / "images" / "night"
WIDTH, TITLE = 1200, 24
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
# Parts of sodium-lane.jpg: a street light, a red lamp, and an area with visible noise.
LAMP = slice(0, 260), slice(600, 1000)
RED_LAMP = slice(37, 141), slice(70, 230)
DOG = slice(690, 960), slice(350, 750)
SHOWN_EV = 3.0

Encoded = tuple[EncodedPhoto, Residual]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    model = parser.parse_args().model
    TARGET.mkdir(parents=True, exist_ok=True)
    valley = encoded(read(SAMPLES / "valley-moonlight.dng", half_size=True), model)
    draw_exposure(valley)
    draw_strength(valley)
    lane = encoded(read(SAMPLES / "sodium-lane.jpg"), model)
    draw_highlights(lane)
    draw_denoising(lane)


def encoded(photo: Photo, model: str) -> Encoded:
    view, residual = to_network(photo)
    return load_enhancer(model).encode(view, known=KnownLight.of(photo)), residual


def rendered(photo: Encoded, **options: object) -> np.ndarray:
    """H x W x 3 float32, sRGB-encoded, in [0, 1]."""
    result = rendering_of(*photo, Options().with_changes(**options), seed=0)
    return np.asarray(np.clip(convert(result.pixels, result.color_space, SRGB), 0.0, 1.0))


def draw_exposure(photo: Encoded) -> None:
    panels = [(f"exposure_ev {ev:+g}", rendered(photo, exposure_ev=ev)) for ev in (-1.0, 0.0, 1.0)]
    panels.insert(0, ("as developed", rendered(photo, strength=0.0)))
    save("exposure.jpg", [[(f"{title}: {brightness(p):+.1f} EV", p) for title, p in panels]])


def draw_strength(photo: Encoded) -> None:
    panels = [(s, rendered(photo, strength=s)) for s in (0.0, 0.35, 0.7, 1.0)]
    save("strength.jpg", [[(f"strength {s:g}: {brightness(p):+.1f} EV", p) for s, p in panels]])


def draw_highlights(photo: Encoded) -> None:
    pictures = {
        "as developed": rendered(photo, strength=0.0),
        "protection off": rendered(photo, protect_highlights=False),
        "protection on": rendered(photo),
    }
    lit = pictures["as developed"][RED_LAMP].max(axis=2) > 0.5
    wall = pictures["as developed"][LAMP].max(axis=2) < 0.5
    first = [(f"{t}: wall at {level(p[LAMP][wall]):.0f} of 255", p[LAMP]) for t, p in pictures.items()]
    second = [(f"red {redness(p[RED_LAMP], lit):.0f} % of R + G + B", p[RED_LAMP]) for p in pictures.values()]
    save("highlights.jpg", [first, second])


def draw_denoising(photo: Encoded) -> None:
    settings: dict[str, dict[str, object]] = {
        "as developed": {"strength": 0.0},
        "denoise_only": {"denoise_only": True},
    }
    parts = {title: rendered(photo, **options)[DOG] for title, options in settings.items()}
    brighter = [lifted(part) for part in parts.values()]
    first = [(f"{title}: {brightness(part):+.1f} EV", part) for title, part in parts.items()]
    second = [(f"lifted by {SHOWN_EV:g} EV: noise {noise_of(part):.1f} of 255", part) for part in brighter]
    save("denoise-only.jpg", [first, second])


def brightness(picture: np.ndarray) -> float:
    """Mean exposure, EV from 18 % gray."""
    return mean_exposure_ev(decode(picture, "srgb") @ LUMINANCE)


def level(pixels: np.ndarray) -> float:
    """Mean of the largest channel, sRGB-encoded, of 255."""
    return 255.0 * float(pixels.max(axis=-1).mean())


def redness(picture: np.ndarray, lit: np.ndarray) -> float:
    """Red's percentage of R + G + B, linear, mean over the ``lit`` pixels."""
    linear = decode(picture, "srgb")[lit]
    return 100.0 * float((linear[:, 0] / linear.sum(axis=1)).mean())


def lifted(picture: np.ndarray) -> np.ndarray:
    linear = decode(picture, "srgb") * np.float32(2.0**SHOWN_EV)
    return np.asarray(np.clip(convert(linear, SRGB.linear(), SRGB), 0.0, 1.0))


def noise_of(picture: np.ndarray) -> float:
    """Standard deviation, estimated from diagonal differences of 2 x 2 pixels, of 255."""
    p = 255.0 * picture
    detail = (p[:-1, :-1] - p[1:, :-1] - p[:-1, 1:] + p[1:, 1:]) / 2
    return 1.4826 * float(np.median(np.abs(detail)))


def save(name: str, rows: Sequence[Sequence[tuple[str, np.ndarray]]]) -> None:
    """Save rows of titled panels as one JPEG."""
    sheets = [np.concatenate([panel(*one, WIDTH // len(row)) for one in row], axis=1) for row in rows]
    Image.fromarray(np.concatenate(sheets)).save(TARGET / name, quality=86)


def panel(title: str, picture: np.ndarray, width: int) -> np.ndarray:
    """The picture, scaled to ``width`` pixels, under its title on white."""
    height = round(picture.shape[0] * width / picture.shape[1])
    image = Image.fromarray(np.rint(picture * 255.0).astype(np.uint8))
    sheet = Image.new("RGB", (width, height + TITLE), "white")
    sheet.paste(image.resize((width, height), Image.Resampling.LANCZOS), (0, TITLE))
    font = ImageFont.load_default(15)
    ImageDraw.Draw(sheet).text((width // 2, TITLE // 2), title, "black", font, anchor="mm")
    return np.asarray(sheet)


if __name__ == "__main__":
    main()
