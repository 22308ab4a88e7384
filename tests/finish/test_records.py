"""The finish in a result's metadata, and on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from llflow_photo import Options, enhance_file, files
from llflow_photo.cli.rendering import add_rendering_arguments, options_of
from llflow_photo.files.metadata.rendering_settings import read_settings


def test_controls_are_recorded(tmp_path: Path, tiny_model: Path, random: np.random.Generator) -> None:
    source, target = tmp_path / "night.png", tmp_path / "out.png"
    Image.fromarray(random.integers(0, 60, (64, 64, 3), np.uint8)).save(source)
    options = Options(str(tiny_model), texture=0.25, local_exposure=0.0, remove_specks=False, look="standard")
    enhance_file(source, target, options)
    recorded = read_settings(files.read(target).metadata)
    assert float(recorded["texture"]) == 0.25 and float(recorded["local_exposure"]) == 0
    assert float(recorded["color_smoothing"]) == Options().color_smoothing
    assert recorded["look"] == "standard" and recorded["remove_specks"].lower() == "false"


def test_flags_of_the_command_line() -> None:
    parser = argparse.ArgumentParser()
    add_rendering_arguments(parser)
    words = "--texture 0.3 --local-exposure 0 --color-smoothing 0.5 --no-remove-specks --look neutral"
    options = options_of(parser.parse_args(words.split()))
    assert (options.texture, options.local_exposure, options.color_smoothing) == (0.3, 0.0, 0.5)
    assert options.look == "neutral" and not options.remove_specks
