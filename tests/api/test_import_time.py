"""Importing the package costs next to nothing: torch comes with the first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import llflow_photo


def _python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120
    ).stdout.strip()


def test_the_import_is_fast_and_brings_no_torch() -> None:
    code = (
        "import sys, time; started = time.process_time(); import llflow_photo; "
        "llflow_photo.Options; llflow_photo.enhance; llflow_photo.load_model; "
        "print(time.process_time() - started, 'torch' in sys.modules, 'napari' in sys.modules)"
    )
    runs = [_python(code).split() for _ in range(3)]
    assert min(float(seconds) for seconds, _, _ in runs) < 0.3
    assert all(rest == ["False", "False"] for _, *rest in runs)


def test_batch_and_help_need_no_torch() -> None:
    code = (
        "import sys, llflow_photo; llflow_photo.enhance_dir; from llflow_photo.cli.main import build_parser; "
        "build_parser().format_help(); print('torch' in sys.modules)"
    )
    assert _python(code) == "False"


def test_every_public_name_is_there() -> None:
    for name in llflow_photo.__all__:
        assert getattr(llflow_photo, name) is not None
    assert set(llflow_photo.__all__) <= set(dir(llflow_photo))
    with pytest.raises(AttributeError, match="no attribute 'enhanced'"):
        _ = llflow_photo.enhanced
