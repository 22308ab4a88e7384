"""Importing the package loads neither torch nor napari; they are imported on first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import llflow_photo


def _python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=600
    ).stdout.strip()


def test_the_package_imports_no_large_dependencies() -> None:
    code = (
        "import sys, llflow_photo; llflow_photo.Options; llflow_photo.enhance; llflow_photo.load_model; "
        "print({'torch', 'napari', 'rawpy', 'PIL', 'jinja2'} & set(sys.modules))"
    )
    assert _python(code) == "set()"


def test_batch_and_help_need_no_torch() -> None:
    code = (
        "import sys, llflow_photo; llflow_photo.enhance_dir; from llflow_photo.cli.main import build_parser; "
        "build_parser().format_help(); print('torch' in sys.modules)"
    )
    assert _python(code) == "False"


def test_loading_a_model_does_not_import_torchs_compiler() -> None:
    code = (
        "import sys; from llflow_photo import load_model, models; "
        "[load_model(card.name) for card in models.available()]; "
        "print({'torch._dynamo', 'torch._inductor', 'sympy'} & set(sys.modules))"
    )
    assert _python(code) == "set()"


def test_every_public_name_is_there() -> None:
    for name in llflow_photo.__all__:
        assert getattr(llflow_photo, name) is not None
    assert set(llflow_photo.__all__) <= set(dir(llflow_photo))
    with pytest.raises(AttributeError, match="no attribute 'enhanced'"):
        _ = llflow_photo.enhanced
