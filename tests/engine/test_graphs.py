"""When CUDA graphs are recorded; the recorded graphs are tested on a GPU."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from llflow_photo.engine import graphs
from llflow_photo.engine.graphs import Graphs

IMAGES, PHOTO, WINDOWS = torch.rand(1, 3, 16, 16), torch.rand(3, 256), torch.rand(1, 4)


def network(images: Tensor, photo: Tensor, windows: Tensor, offsets: Tensor | None, far: bool) -> Tensor:
    return images * (2 if far else 1) + photo.mean() + windows.mean()


class Recorded:
    made = 0

    def __init__(self, run: object, *inputs: object) -> None:
        type(self).made += 1

    def __call__(self, images: Tensor, windows: Tensor, offsets: Tensor | None) -> Tensor:
        return images + 7


def test_a_shape_is_recorded_the_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "_Recorded", Recorded)
    Recorded.made = 0
    runs = Graphs(network)
    torch.testing.assert_close(
        runs(IMAGES, PHOTO, WINDOWS, None, False), network(IMAGES, PHOTO, WINDOWS, None, False)
    )
    for _ in range(2):
        torch.testing.assert_close(runs(IMAGES, PHOTO, WINDOWS, None, False), IMAGES + 7)
    torch.testing.assert_close(
        runs(IMAGES, PHOTO, WINDOWS, None, True), network(IMAGES, PHOTO, WINDOWS, None, True)
    )
    assert Recorded.made == 1
    runs.clear()
    torch.testing.assert_close(
        runs(IMAGES, PHOTO, WINDOWS, None, False), network(IMAGES, PHOTO, WINDOWS, None, False)
    )


def test_graphs_are_recorded_per_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "_Recorded", Recorded)
    runs = Graphs(network)
    for _ in range(2):
        runs(IMAGES, PHOTO, WINDOWS, None, False)
    other = PHOTO + 1
    expected = network(IMAGES, other, WINDOWS, None, False)
    torch.testing.assert_close(runs(IMAGES, other, WINDOWS, None, False), expected)
    torch.testing.assert_close(runs(IMAGES, other, WINDOWS, None, False), IMAGES + 7)


def test_if_recording_fails_the_network_runs_without_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("capture is not permitted")

    monkeypatch.setattr(graphs, "_Recorded", fail)
    runs = Graphs(network)
    for _ in range(3):
        torch.testing.assert_close(
            runs(IMAGES, PHOTO, WINDOWS, None, False), network(IMAGES, PHOTO, WINDOWS, None, False)
        )


def test_out_of_memory_while_recording_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(graphs, "_Recorded", fail)
    runs = Graphs(network)
    runs(IMAGES, PHOTO, WINDOWS, None, False)
    with pytest.raises(torch.OutOfMemoryError):
        runs(IMAGES, PHOTO, WINDOWS, None, False)
