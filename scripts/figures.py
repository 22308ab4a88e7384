"""Draw the documentation's figures with the default model: ``python scripts/figures.py [--model NAME]``.

Writes figures to ``docs/images/``, and the numbers cited with them to ``docs/images/figures.json``. The photo
is a sample whose well-exposed original is part of scikit-image.
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
from llflow_photo.color.spaces import encode
from llflow_photo.engine import EncodedPhoto, Latent
from llflow_photo.explore import spread_of
from llflow_photo.flow import LLFlow
from llflow_photo.flow.thumbnail import thumbnail
from llflow_photo.flow.unet import exposed_photo
from llflow_photo.flow.whole_photo import thumbnail_rendering
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
    encoded = load_enhancer(arguments.model, device="cpu").encode(photo)
    with torch.inference_mode():
        numbers: dict[str, object] = {"model": arguments.model, **draw_network(flow, photo)}
    numbers |= draw_temperature(encoded) | draw_brightness(encoded)
    text = json.dumps(numbers, indent=2) + "\n"
    (IMAGES / "figures.json").write_text(text, encoding="utf-8")


def draw_network(flow: LLFlow, photo: np.ndarray) -> dict[str, object]:
    """The encoder's inputs and outputs, and the levels from the latent to the image."""
    dark = _tensor(photo)
    thumbnails = torch.from_numpy(thumbnail(photo))[None]
    context = flow.context(thumbnails)
    if context is None:
        raise SystemExit("the figures need a network with a whole-photo branch; choose another model")
    conditioning = flow.encode(dark, context=context)
    assert conditioning.base is not None and conditioning.scale is not None
    seen, gain = exposed_photo(dark, context.gain_ev), float(context.gain_ev)
    panels = [
        ("thumbnail", _encoded(thumbnails)),
        ("the grid's gains on it", _encoded(thumbnail_rendering(context, thumbnails))),
        (f"the photo x, {gain:+.1f} EV", _picture(seen.encoded)),
        ("its logarithm", _picture((seen.stops - seen.stops.min()) / (seen.stops.max() - seen.stops.min()))),
        ("base b(x)", _picture(conditioning.base)),
        ("scale s(x), x 5", _picture(5 * conditioning.scale)),
    ]
    _sheet("encoder.jpg", panels, 3)
    states = [conditioning.mean]
    for level, conditions in list(zip(flow.flow.levels, conditioning.couplings, strict=True))[::-1]:
        states.append(level.inverse(states[-1], conditions)[0])  # type: ignore[operator]
    titles = ["latent, 192 channels", "after level 3, 48 channels", "after level 2, 12 channels"]
    titles.append("after level 1, 3 channels")
    panels = [(f"condition of level {n}", _principal(c)) for n, c in enumerate(conditioning.levels, 1)]
    panels = [("the photo", _picture(seen.encoded)), *panels]
    panels += [(title, _principal(z)) for title, z in zip(titles, states, strict=True)]
    _sheet("levels.jpg", panels, 4)
    latent, _ = flow.latent_of(_tensor(data.coffee() / 255.0), conditioning)
    return _draw_latent(flow, latent - conditioning.mean)


def _draw_latent(flow: LLFlow, offset: Tensor) -> dict[str, object]:
    """The original's latent minus its mean, outside the prior's directions, in units of the detail scale."""
    assert flow.prior is not None
    offset = offset.flatten(2) - flow.prior.mean[:, None]
    along = torch.einsum("ncp,cd->ndp", offset, flow.prior.directions)
    others = offset - torch.einsum("ndp,cd->ncp", along, flow.prior.directions)
    share = 1 - flow.prior.directions.square().sum(1)  # of each channel's variance, outside the directions
    scaled = others / (flow.prior.detail[-1] * share.sqrt().clamp_min(1e-3)[:, None])
    values = scaled[:, share > 0.1].flatten().numpy()
    figure, axes = pyplot.subplots(figsize=(INCHES / 2, 3.2), dpi=DPI, layout="constrained")
    bins = np.linspace(-4, 4, 121)
    axes.hist(values, bins, density=True, color="#4a7bb5", label="f(y | x) - g(x) of the original y")
    axes.plot(bins, np.exp(-(bins**2) / 2) / np.sqrt(2 * np.pi), color="#c0392b", label="N(0, 1)")
    axes.set(xlabel="latent value minus its mean, in units of the prior's detail", yticks=[])
    axes.legend(frameon=False)
    figure.savefig(IMAGES / "latent.png")
    pyplot.close(figure)
    return {"latent_std": f"{values.std():.2f}", "latent_share_within_2": f"{(abs(values) < 2).mean():.0%}"}


def draw_temperature(encoded: EncodedPhoto) -> dict[str, object]:
    """One frame at increasing temperatures, without grain and with full grain."""
    panels, numbers = [], dict[str, object]()
    everywhere = (slice(None), slice(None))
    for grain, part, name in ((0.0, everywhere, "frame"), (1.0, CROP, "detail")):
        for temperature in TEMPERATURES:
            picture = encoded.decode(Latent(3, temperature, grain))
            panels.append((f"T {temperature:g}, grain {grain:g}", picture[part]))
        spread = spread_of(encoded.decode(Latent(seed, 0.8, grain)) for seed in range(6))
        numbers[f"disagreement_{name}"] = f"{255 * spread.disagreement.mean():.1f}"
    _sheet("temperature.jpg", panels, len(TEMPERATURES))
    return numbers


def draw_brightness(encoded: EncodedPhoto) -> dict[str, object]:
    """The same frame along the model's gain path."""
    pictures = [(f"{ev:+g} EV", encoded.decode(Latent(brightness=ev))) for ev in BRIGHTNESS]
    _sheet("brightness.jpg", pictures, len(pictures))
    means = [f"{picture.mean():.2f}" for _, picture in pictures]
    settings = ", ".join(f"{ev:+g}" for ev in BRIGHTNESS)
    return {"brightness_settings": settings, "brightness_means": ", ".join(means)}


def _tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32))[None]


def _encoded(light: Tensor) -> np.ndarray:
    """1 x 3 x H x W in linear light: H x W x 3, sRGB-encoded, in [0, 1]."""
    return encode(np.asarray(light[0].permute(1, 2, 0).clamp(0, 1)), "srgb")


def _picture(image: Tensor) -> np.ndarray:
    return np.asarray(image[0].permute(1, 2, 0).clamp(0, 1))


def _principal(features: Tensor) -> np.ndarray:
    """A feature map as colors: its three principal components, scaled from the 2nd to the 98th percentile."""
    channels, height, width = features.shape[1:]
    flat = features[0].reshape(channels, -1).double()
    flat = flat - flat.mean(1, keepdim=True)
    basis = torch.linalg.eigh(flat @ flat.T)[1][:, -3:].flip(1)
    parts = (basis.T @ flat).reshape(3, height, width).permute(1, 2, 0).numpy()
    low, high = np.percentile(parts, (2, 98), axis=(0, 1))
    return np.asarray(np.clip((parts - low) / (high - low), 0, 1))


def _sheet(name: str, panels: Sequence[tuple[str, np.ndarray]], columns: int) -> None:
    rows = -(-len(panels) // columns)
    height, width = max((picture.shape[:2] for _, picture in panels), key=np.prod)
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
