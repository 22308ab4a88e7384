"""Fixtures of all rooms: a tiny network with weights that do something, and the shared test data."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LONG = ("napari_plugin", "batch", "docs", "training", "engine", "package", "cli", "api")
"""Folders with tests that take seconds. They run first, so that processes sharing the tests end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by folder; the order within each remains."""
    ranks = {name: rank for rank, name in enumerate(LONG)}
    items.sort(key=lambda item: ranks.get(item.path.parent.name, len(ranks)))


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Ctrl-C is heard, even where the tests were started in the background, with SIGINT ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def shared() -> Path:
    """Test data kept outside the repository; the test is skipped where it is absent."""
    folder = Path(os.environ.get("LLFLOW_PHOTO_SHARED") or Path(__file__).parents[2] / "shared")
    if not folder.is_dir():
        pytest.skip(f"no shared test data at {folder}; LLFLOW_PHOTO_SHARED names another place")
    return folder


@pytest.fixture(scope="session")
def tiny_flow() -> Callable[..., Any]:
    """A function ``(seed=0, **size)`` that builds a small network in which no weight is zero."""
    import torch

    from llflow_photo.flow import LLFlow, Size

    def build(seed: int = 0, **changes: Any) -> LLFlow:
        dense = {"features": 8, "growth": 4, "blocks": 1, "stacked": (0,)} if "encoder" not in changes else {}
        sizes = {**dense, "steps": 1, "hidden": 8}
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)
        flow = LLFlow(Size.from_dict({**sizes, **changes}))
        with torch.no_grad():
            for name, tensor in flow.named_parameters():
                if not name.endswith("mix.weight"):
                    tensor.add_(0.05 * torch.randn(tensor.shape, generator=generator))
        return flow.eval()

    return build


@pytest.fixture
def tiny_model(tiny_flow: Callable[..., Any], tmp_path: Path) -> Path:
    """A file of weights of a tiny network."""
    from llflow_photo import models

    flow = tiny_flow()
    path = tmp_path / "weights" / "tiny.safetensors"
    path.parent.mkdir()
    models.save(flow.state_dict(), flow.size, path)
    return path
