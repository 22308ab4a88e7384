"""Fit the latent's prior of a model to held-out photos or scenes, and write the model again.

    python benchmarks/findings/refit.py before/night-compact.safetensors --photos PHOTOS --photos MORE
    python benchmarks/findings/refit.py before/lol-compact.safetensors --lol LOL

The held-out photos are those of a training with the same folders: 24 of each (split seed 0).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from finding_parts import report

from llflow_photo.models import load, save
from llflow_photo.training.prior_fit import fitted_prior, residual_of, standardized_residuals
from llflow_photo.training.recipe import Recipe
from llflow_photo.training.session import RunSettings, held_out_pairs

HELD_OUT = 24


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="file of the model, which is replaced")
    parser.add_argument("--lol", type=Path, help="folder that holds LOL's our485")
    parser.add_argument("--photos", action="append", default=[], help="folder of clean photos, or several")
    arguments = parser.parse_args()
    if bool(arguments.photos) == (arguments.lol is not None):
        parser.error("give either --lol or --photos")
    flow = load(arguments.model).flow
    settings = RunSettings(
        data=None if arguments.lol is None else str(arguments.lol),
        photos=tuple(arguments.photos),
        size=flow.size,
        recipe=Recipe(),
        validation_scenes=HELD_OUT * max(1, len(arguments.photos)),
    )
    pairs = held_out_pairs(settings)
    prior = fitted_prior(flow, pairs)
    parts = standardized_residuals(prior, (residual_of(flow, pair) for pair in pairs))
    report.show("references in units of the prior: " + ", ".join(f"{k} {v:.2f}" for k, v in parts.items()))
    state = flow.state_dict() | {f"prior.{name}": value for name, value in prior.state_dict().items()}
    save(state, flow.size, arguments.model)


if __name__ == "__main__":
    main()
