"""Make the fixture of `tests/flow/test_parity.py`: a small network with random weights, and its outputs.

    python scripts/parity_fixture.py

The network was first verified against reference tensors computed independently by another implementation of
the specification, which are too large for this repository. This fixture is computed by the network itself, in
float64, at a time when it agreed with them, so that later changes of its results are detected. Make it again
only if the independent tensors are available and agree.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from released_names import released_names  # noqa: E402

from llflow_photo.flow import DenseSize, LLFlow, Size  # noqa: E402
from llflow_photo.flow.inputs import (  # noqa: E402
    color_map,
    equalization_table,
    equalize,
    noise_map,
    reference_color_map,
)
from llflow_photo.flow.released import from_released  # noqa: E402
from llflow_photo.flow.steps import squeeze  # noqa: E402

FOLDER = ROOT / "tests" / "flow" / "parity"
SIZE = Size(DenseSize(features=8, growth=4, blocks=2, stacked=(0,)), steps=1, hidden=8)  # type: ignore[arg-type]
HEIGHT, WIDTH = 32, 48


def _weights() -> dict[str, torch.Tensor]:
    """Random weights that are exact in float16; the 1x1 convolutions stay well conditioned."""
    torch.manual_seed(0)
    flow = LLFlow(SIZE)
    with torch.no_grad():
        for name, tensor in flow.named_parameters():
            if not name.endswith("mix.weight"):
                tensor.add_(0.05 * torch.randn(tensor.shape))
    released = released_names(flow.state_dict(), SIZE)
    return {name: tensor.half().contiguous() for name, tensor in released.items()}


def _image(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].double() / 255


@torch.no_grad()
def _tensors(weights: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    flow = from_released({name: tensor.float() for name, tensor in weights.items()}).double()
    random = np.random.default_rng(0)
    smooth = random.integers(40, 220, (HEIGHT // 8, WIDTH // 8, 3)).repeat(8, 0).repeat(8, 1)
    reference = np.clip(smooth + random.integers(-20, 20, smooth.shape), 0, 255).astype(np.uint8)
    low = np.clip(reference // 8 + random.integers(0, 4, smooth.shape), 0, 255).astype(np.uint8)
    dark, bright = _image(low), _image(reference)
    table = torch.from_numpy(equalization_table(low))
    equalized = (equalize(dark.float(), table)[0].permute(1, 2, 0) * 255).round()
    given = flow.encode(dark)
    image, back = flow.decode_with_log_determinant(given)
    noise = torch.from_numpy(random.standard_normal(given.mean.shape))
    latent, forward = flow.latent_of(bright, given)
    of_reference = squeeze(reference_color_map(bright))
    pixels = HEIGHT * WIDTH

    def bits(log_density: torch.Tensor) -> torch.Tensor:
        return -(log_density - math.log(32) * pixels) / (math.log(2) * pixels)

    computed = {
        "color_map_input": color_map(dark),
        "noise_map_input": noise_map(color_map(dark)),
        "mean_color_map": given.color_map,
        **{f"cond_level{level}": condition for level, condition in enumerate(given.levels, 1)},
        "output_mean": image,
        "logdet_reverse": back,
        "eps": noise,
        "output_temperature_0.8": flow.decode(given, given.mean + 0.8 * noise),
        "latent_of_gt": latent,
        "logdet_forward": forward,
        "nll_bits_encoder_mean": bits(flow.log_prob(bright, given)),
        "nll_bits_reference_mean": bits(flow.log_prob(bright, given, of_reference)),
    }
    arrays = {name: tensor.numpy().astype(np.float32) for name, tensor in computed.items()}
    shown = equalized.numpy().astype(np.uint8)
    return {"low": low, "reference": reference, "histogram_equalized": shown, **arrays}


def main() -> None:
    """Write both files."""
    FOLDER.mkdir(exist_ok=True)
    weights = _weights()
    save_file(weights, FOLDER / "parity_weights.safetensors")
    np.savez_compressed(FOLDER / "parity_tensors.npz", **_tensors(weights))


if __name__ == "__main__":
    main()
