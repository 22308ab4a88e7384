"""The straightforward implementation, our inference form and other backends, in one run."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from llflow_photo import models
from llflow_photo.engine.costs import flops_per_pixel
from llflow_photo.engine.inference import FoldedFlow, Precision
from llflow_photo.flow import SMALL, LLFlow, PhotoStatistics
from llflow_photo.options import DEFAULT_MODEL

from .measure import Settings, fastest, night_photo
from .straightforward import render

__all__ = ["measure"]

_CPU = torch.device("cpu")
Run = Callable[[], Tensor]


@torch.inference_mode()
def measure(settings: Settings) -> list[dict[str, Any]]:
    """A row per network and backend, photo of 600 x 400, and a row for bare convolutions."""
    torch.set_num_threads(settings.threads)
    rows = []
    for name, flow in (
        ("small, random weights", _random(SMALL)),
        (DEFAULT_MODEL, models.load(DEFAULT_MODEL).flow),
    ):
        photo = night_photo(400, 600)
        statistics = PhotoStatistics.of(photo, flow.size)
        image = torch.from_numpy(photo).permute(2, 0, 1)[None]
        offset = 0.8 * torch.randn((1, 192, 50, 75), generator=torch.Generator().manual_seed(0))
        runs = _runs(flow, image, statistics, offset, settings.threads)
        expected = render(flow, image, statistics, offset)[0]
        times = fastest(list(runs.values()), settings.repeats)
        gflop = sum(flops_per_pixel(flow.size)) * 400 * 600 / 1e9
        for (backend, run), time in zip(runs.items(), times, strict=True):
            rows.append(
                {
                    "network": name,
                    "backend": backend,
                    "wall_s": time.wall,
                    "processor_s": time.processor,
                    "times_as_fast": times[0].processor / time.processor,
                    "gflop_per_processor_s": gflop / time.processor,
                    "largest_difference": float((run() - expected).abs().max()),
                    "range": float(expected.abs().max()),
                }
            )
    return rows + _convolutions(settings)


def _random(size: Any) -> LLFlow:
    torch.manual_seed(0)
    flow = LLFlow(size).eval()
    for name, parameter in flow.named_parameters():
        if not name.endswith("mix.weight"):
            parameter.add_(0.02 * torch.randn_like(parameter))
    return flow


def _runs(
    flow: LLFlow, image: Tensor, statistics: PhotoStatistics, offset: Tensor, threads: int
) -> dict[str, Run]:
    whole = _WholePhoto(FoldedFlow(flow, _CPU), statistics)
    mixed = _WholePhoto(FoldedFlow(flow, _CPU, Precision(blocks=torch.bfloat16)), statistics)
    half = _WholePhoto(FoldedFlow(flow, _CPU, Precision(torch.bfloat16, torch.bfloat16)), statistics)
    runs: dict[str, Run] = {
        "straightforward": lambda: render(flow, image, statistics, offset)[0],
        "float32": lambda: whole(image, offset),
        "mixed (bfloat16 blocks)": lambda: mixed(image, offset),
        "half (bfloat16)": lambda: half(image, offset),
    }
    if shutil.which("g++"):
        compiled = torch.compile(whole, dynamic=False)
        runs["float32, torch.compile"] = lambda: compiled(image, offset)
    if importlib.util.find_spec("openvino"):
        for precision in ("f32", "bf16"):
            runs[f"OpenVINO {precision}"] = _openvino(whole, image, offset, precision, threads)
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
        runs["ONNX Runtime"] = _onnxruntime(whole, image, offset, threads)
    return runs


class _WholePhoto(torch.nn.Module):
    """A network in inference form with what it needs of one photo, which is constant in its graph."""

    def __init__(self, folded: FoldedFlow, statistics: PhotoStatistics) -> None:
        super().__init__()
        self._folded = folded
        self._photo = folded.photo(statistics)
        self._window = torch.tensor([[0.0, 0.0, 1.0, 1.0]])

    def forward(self, image: Tensor, offset: Tensor) -> Tensor:
        return self._folded(image, self._photo, self._window, offset)


def _openvino(whole: _WholePhoto, image: Tensor, offset: Tensor, precision: str, threads: int) -> Run:
    import openvino

    inputs = (image, offset)
    graph = openvino.convert_model(
        whole, example_input=inputs, input=[list(tensor.shape) for tensor in inputs]
    )
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    request = openvino.Core().compile_model(graph, "CPU", settings).create_infer_request()
    arrays = [tensor.numpy() for tensor in inputs]
    return lambda: torch.from_numpy(request.infer(arrays)[0].copy())


def _onnxruntime(whole: _WholePhoto, image: Tensor, offset: Tensor, threads: int) -> Run:
    import io

    import onnxruntime

    file = io.BytesIO()
    torch.onnx.export(whole, (image, offset), file, input_names=["x", "offset"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    arrays = {"x": image.numpy(), "offset": offset.numpy()}
    return lambda: torch.from_numpy(session.run(None, arrays)[0])


def _convolutions(settings: Settings) -> list[dict[str, Any]]:
    """What bare 3x3 convolutions of the network's shapes reach, channels-last, at 300 x 200."""
    rows = []
    for inputs, outputs in ((32, 16), (96, 32), (64, 64), (64, 256)):
        for dtype in (torch.float32, torch.bfloat16):
            x = torch.randn(1, inputs, 200, 300).to(dtype).contiguous(memory_format=torch.channels_last)
            weight = (
                torch.randn(outputs, inputs, 3, 3).to(dtype).contiguous(memory_format=torch.channels_last)
            )
            (time,) = fastest(
                [lambda x=x, w=weight: functional.conv2d(x, w, padding=1)], 5 * settings.repeats
            )
            gflop = 2 * weight.numel() * 200 * 300 / 1e9
            rows.append(
                {
                    "network": f"one convolution, {inputs} to {outputs}",
                    "backend": str(dtype).removeprefix("torch."),
                    "wall_s": time.wall,
                    "processor_s": time.processor,
                    "gflop_per_processor_s": gflop / time.processor,
                }
            )
    return rows
