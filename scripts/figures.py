"""Draw the documentation's figures with the default model: ``python scripts/figures.py [--model NAME]``.

The pictures go to ``docs/images/``, the numbers told beside them to ``docs/images/figures.json``. The photo
is a sample whose well-exposed original comes with scikit-image.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot
from skimage import data
from torch import Tensor

from llflow_photo import load_enhancer, load_model
from llflow_photo.api import read_srgb
from llflow_photo.engine import Latent, Scene
from llflow_photo.explore import spread_of
from llflow_photo.flow import LLFlow
from llflow_photo.flow.inputs import color_map, equalize, log_image, noise_map
from llflow_photo.flow.statistics import as_seen
from llflow_photo.options import DEFAULT_MODEL

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PHOTO = ROOT / "sample_images" / "coffee-tungsten.jpg"
INCHES, DPI = 12, 100
TEMPERATURES = (0.0, 0.4, 0.8, 1.2)
BRIGHTNESS = (-1.5, -0.75, 0.0, 0.5, 1.0)
CROP = slice(150, 250), slice(230, 380)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    arguments = parser.parse_args()
    mpl.use("agg")
    IMAGES.mkdir(parents=True, exist_ok=True)
    photo = read_srgb(PHOTO)
    flow = load_model(arguments.model).flow
    scene = load_enhancer(arguments.model, device="cpu").encode(photo)
    with torch.inference_mode():
        numbers: dict[str, object] = {"model": arguments.model, **draw_network(flow, photo)}
    numbers |= draw_temperature(scene) | draw_brightness(scene)
    text = json.dumps(numbers, indent=2) + "\n"
    (IMAGES / "figures.json").write_text(text, encoding="utf-8")


def draw_network(flow: LLFlow, photo: np.ndarray) -> dict[str, object]:
    """What the encoder is shown, what it makes of it, and the way from the latent to the picture."""
    seen, statistics = as_seen(photo, flow.size.exposure)
    dark, table = _tensor(seen), torch.from_numpy(statistics.equalization)
    given = flow.encode(dark, table[None])
    logs, chroma = log_image(dark), color_map(dark)
    noise = noise_map(chroma)
    mean = _picture(given.color_map)
    low, high = np.percentile(mean, (1, 99), axis=(0, 1))
    shown = {
        f"the photo x, {statistics.gain_ev:+.1f} EV": dark,
        "log x": (logs - logs.min()) / (logs.max() - logs.min()),
        "h(x), equalized": equalize(dark, table),
        "C(x), color map": chroma,
        "N(x), noise map, x 4": 4 * noise,
    }
    panels = [(name, _picture(image)) for name, image in shown.items()]
    title = f"g(x), mean of the latent, {low.min():.2f} to {high.max():.2f}, stretched"
    _sheet("encoder.jpg", [*panels, (title, np.clip((mean - low) / (high - low), 0, 1))], 3)
    states = [("latent, 192 channels", given.mean)]
    for level, conditions in list(zip(flow.flow.levels, given.couplings, strict=True))[::-1]:
        states.append(("", level.inverse(states[-1][1], conditions)[0]))  # type: ignore[operator]
    titles = ("after level 3, 48 channels", "after level 2, 12 channels", "after level 1: the picture")
    panels = [(f"condition of level {n}", _principal(c)) for n, c in enumerate(given.levels, 1)]
    panels = [("the photo", _picture(dark)), *panels, (states[0][0], _principal(states[0][1]))]
    panels += [(title, _principal(z)) for title, (_, z) in zip(titles[:2], states[1:3], strict=True)]
    _sheet("levels.jpg", [*panels, (titles[2], _picture(states[3][1]))], 4)
    return _draw_latent(flow.latent_of(_tensor(data.coffee() / 255.0), given)[0] - given.mean)


def _draw_latent(offset: Tensor) -> dict[str, object]:
    values = offset.flatten().numpy()
    figure, axes = pyplot.subplots(figsize=(INCHES / 2, 3.2), dpi=DPI, layout="constrained")
    bins = np.linspace(-4, 4, 121)
    axes.hist(values, bins, density=True, color="#4a7bb5", label="f(y | x) - g(x) of the original y")
    axes.plot(bins, np.exp(-(bins**2) / 2) / np.sqrt(2 * np.pi), color="#c0392b", label="N(0, 1)")
    axes.set(xlabel="latent value minus its mean", yticks=[])
    axes.legend(frameon=False)
    figure.savefig(IMAGES / "latent.png")
    pyplot.close(figure)
    return {"latent_std": f"{values.std():.2f}", "latent_share_within_2": f"{(abs(values) < 2).mean():.0%}"}


def draw_temperature(scene: Scene) -> dict[str, object]:
    """One frame at rising temperatures, the noise independent and the noise coherent."""
    panels, numbers = [], dict[str, object]()
    for coherence, part, name in ((0.0, CROP, "detail"), (1.0, (slice(None), slice(None)), "frame")):
        for temperature in TEMPERATURES:
            picture = scene.decode(Latent(3, temperature, coherence))
            panels.append((f"T {temperature:g}, coherence {coherence:g}", picture[part]))
        spread = spread_of(scene.decode(Latent(seed, 0.8, coherence)) for seed in range(6))
        numbers[f"disagreement_{name}"] = f"{255 * spread.disagreement.mean():.1f}"
    _sheet("temperature.jpg", panels, len(TEMPERATURES))
    return numbers


def draw_brightness(scene: Scene) -> dict[str, object]:
    """The same frame along the model's brightness direction."""
    pictures = [(f"{ev:+g} EV", scene.decode(Latent(brightness=ev))) for ev in BRIGHTNESS]
    _sheet("brightness.jpg", pictures, len(pictures))
    means = [f"{picture.mean():.2f}" for _, picture in pictures]
    settings = ", ".join(f"{ev:+g}" for ev in BRIGHTNESS)
    return {"brightness_settings": settings, "brightness_means": ", ".join(means)}


def _tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32))[None]


def _picture(image: Tensor) -> np.ndarray:
    return np.asarray(image[0].permute(1, 2, 0).clamp(0, 1))


def _principal(features: Tensor) -> np.ndarray:
    """A map of many channels as colors: its three principal components, 2nd to 98th percentile."""
    channels, height, width = features.shape[1:]
    flat = features[0].reshape(channels, -1).double()
    flat = flat - flat.mean(1, keepdim=True)
    basis = torch.linalg.eigh(flat @ flat.T)[1][:, -3:].flip(1)
    parts = (basis.T @ flat).reshape(3, height, width).permute(1, 2, 0).numpy()
    low, high = np.percentile(parts, (2, 98), axis=(0, 1))
    return np.asarray(np.clip((parts - low) / (high - low), 0, 1))


def _sheet(name: str, panels: Sequence[tuple[str, np.ndarray]], columns: int) -> None:
    rows = -(-len(panels) // columns)
    height, width = panels[0][1].shape[:2]
    size = (INCHES, rows * (INCHES / columns * height / width + 0.3))
    figure, grid = pyplot.subplots(rows, columns, figsize=size, dpi=DPI, squeeze=False, layout="constrained")
    for axes in grid.flat:
        axes.axis("off")
    for axes, (title, picture) in zip(grid.flat, panels, strict=False):
        axes.imshow(picture, interpolation="nearest", aspect="auto")
        axes.set_title(title, fontsize=10)
    figure.savefig(IMAGES / name, pil_kwargs={"quality": 85})
    pyplot.close(figure)


if __name__ == "__main__":
    main()
