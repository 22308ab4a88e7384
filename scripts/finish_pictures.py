"""Draw the effect of the finish options: ``python scripts/finish_pictures.py [--model NAME]``.

Writes one picture each for `texture`, `local_exposure`, `color_smoothing`, `remove_specks`, `look` and lamps
to ``docs/images/finish/``, made from ``sample_images/``; ``docs/how-to/finish.md`` shows them at 100 %.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from llflow_photo import Options, Photo, load_enhancer
from llflow_photo.camera import night, simulate_night_raw, write_frame_dng
from llflow_photo.color.light_samples import KnownLight
from llflow_photo.color.spaces import SRGB, convert
from llflow_photo.color.working import to_network
from llflow_photo.engine import Latent
from llflow_photo.explore.region import resample, visible_region
from llflow_photo.files import read
from llflow_photo.finish import PhotoAnalysis, finished, without_specks
from llflow_photo.options import DEFAULT_MODEL

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_images"
TARGET = ROOT / "docs" / "images" / "finish"
TITLE = 22
OFF = Options(texture=0, local_exposure=0, color_smoothing=0, remove_specks=False, look="neutral")


class Rendered:
    """A photo that is rendered once and finished with different options."""

    def __init__(self, photo: Photo, model: str) -> None:
        view, self._residual = to_network(photo)
        self._rendering = load_enhancer(model).encode(view, known=KnownLight.of(photo)).decode(Latent(0))
        self._analysis = PhotoAnalysis.of(photo)

    def with_options(self, **changes: float | str | bool) -> np.ndarray:
        """H x W x 3 float32, sRGB-encoded, in [0, 1]."""
        photo = finished(self._rendering, self._residual, OFF.with_changes(**changes), self._analysis)
        return np.asarray(np.clip(convert(photo.pixels, photo.color_space, SRGB), 0, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    model = parser.parse_args().model
    TARGET.mkdir(parents=True, exist_ok=True)
    photo = read(SAMPLES / "sodium-lane.jpg")
    lane = Rendered(photo, model)
    draw(lane, "texture", (0.0, Options().texture, 1.0), np.s_[560:860, 0:400])
    moonrise = Rendered(smaller(read(SAMPLES / "moonrise-12mp.jpg"), 640), model)
    draw(moonrise, "local_exposure", (0.0, Options().local_exposure, 1.0), np.s_[:, :])
    valley = Rendered(read(SAMPLES / "valley-moonlight.dng", half_size=True), model)
    draw(valley, "look", ("neutral", "standard"), np.s_[0:400, 0:600])
    draw(Rendered(high_iso(), model), "color_smoothing", (0.0, 1.0), np.s_[:, :])
    draw_lamps(lane)
    draw_specks(photo, model)


def draw(photo: Rendered, name: str, values: tuple[float | str, ...], part: tuple[slice, slice]) -> None:
    panels = [(f"{name} {value}", photo.with_options(**{name: value})[part]) for value in values]
    save(f"{name.replace('_', '-')}.webp", panels)


def smaller(photo: Photo, longest: int) -> Photo:
    """The photo, scaled down."""
    shape, most = (photo.height, photo.width), longest**2 * photo.height // photo.width
    region = visible_region(shape, ((0, 0), shape), most_pixels=most)
    return photo.with_pixels(resample(photo.pixels, region))


def high_iso() -> Photo:
    """A dark part of a sample, as recorded by a sensor at its highest ISO."""
    clean = np.asarray(Image.open(SAMPLES / "dandelions-almost-bright.jpg").convert("RGB"))[:300, :400]
    frame = simulate_night_raw(clean, night(-5.0, "daylight", shot=0.006), np.random.default_rng(0))
    path = TARGET / "frame.dng"
    write_frame_dng(path, frame, compression="none")
    photo = read(path)
    path.unlink()
    return photo


def draw_lamps(lane: Rendered) -> None:
    part = np.s_[30:330, 740:1000]
    panels = [
        (f"protect_highlights {on}", lane.with_options(protect_highlights=on)[part]) for on in (False, True)
    ]
    save("lamps.webp", panels)


def draw_specks(photo: Photo, model: str) -> None:
    """Side by side: with and without the hot pixels of the sample, where most of them are visible."""
    off, on = (Rendered(given, model).with_options() for given in (photo, without_specks(photo)))
    changed = np.abs(off - on).max(axis=2)
    parts = [
        np.s_[top : top + 300, left : left + 400]
        for top in range(0, photo.height - 300, 20)
        for left in range(0, photo.width - 400, 20)
    ]
    part = max(parts, key=lambda some: float((changed[some] ** 2).sum()))
    save("specks.webp", [("remove_specks off", off[part]), ("remove_specks on", on[part])])


def save(name: str, panels: list[tuple[str, np.ndarray]]) -> None:
    """Save panels side by side under their titles."""
    height = max(panel.shape[0] for _, panel in panels)
    width = sum(panel.shape[1] for _, panel in panels) + 4 * (len(panels) - 1)
    canvas = Image.new("RGB", (width, height + TITLE), "white")
    draw_on = ImageDraw.Draw(canvas)
    left = 0
    for title, panel in panels:
        draw_on.text((left + 4, 3), title, fill="black", font=ImageFont.load_default(14))
        canvas.paste(Image.fromarray((panel * 255 + 0.5).astype(np.uint8)), (left, TITLE))
        left += panel.shape[1] + 4
    canvas.save(TARGET / name, quality=88)


if __name__ == "__main__":
    main()
