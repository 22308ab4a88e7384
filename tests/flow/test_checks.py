"""Tensors of a wrong shape or type are refused with what is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from llflow_photo.errors import ImageInputError
from llflow_photo.flow import LLFlow

Build = Callable[..., LLFlow]
IMAGE = torch.full((1, 3, 16, 24), 0.25)
LATENT = torch.zeros(1, 192, 2, 3)
WRONG_IMAGES: list[tuple[Any, str]] = [
    (IMAGE[0].permute(1, 2, 0), r"shape 16 x 24 x 3; give N x 3 x H x W: \w+.permute\(2, 0, 1\)\[None\]"),
    (IMAGE.permute(0, 2, 3, 1), r"shape 1 x 16 x 24 x 3; .*permute\(0, 3, 1, 2\)"),
    (IMAGE[0], r"shape 3 x 16 x 24; .*\[None\]"),
    (IMAGE[:, :1], "shape 1 x 1 x 16 x 24; give N x 3 x H x W$"),
    (IMAGE[:0], "shape 0 x 3 x 16 x 24"),
    (IMAGE[..., :0], "shape 1 x 3 x 16 x 0"),
    ((255 * IMAGE).to(torch.uint8), r"dtype torch.uint8; give torch.float32 in \[0, 1\]; divide by"),
    (IMAGE.double(), r"dtype torch.float64; give torch.float32 in \[0, 1\]$"),
    (IMAGE.half(), "dtype torch.float16; give torch.float32"),
    (IMAGE.numpy(), "of type ndarray; give a tensor of N x 3 x H x W"),
]


@torch.no_grad()
@pytest.mark.parametrize(("image", "message"), WRONG_IMAGES, ids=range(len(WRONG_IMAGES)))
def test_wrong_images(image: Any, message: str, tiny_flow: Build) -> None:
    flow = tiny_flow()
    conditioning = flow.encode(IMAGE)
    with pytest.raises(ImageInputError, match=f"^the image (has|is) {message}"):
        flow.encode(image)
    for function in (flow.log_prob, flow.latent_of):
        with pytest.raises(ImageInputError, match=f"^the reference (has|is) {message}"):
            function(image, conditioning)


@torch.no_grad()
@pytest.mark.parametrize(
    ("latent", "message"),
    [
        (LATENT[0], "shape 192 x 2 x 3; give N x 192 x 2 x 3"),
        (IMAGE, "shape 1 x 3 x 16 x 24; give N x 192 x 2 x 3"),
        (torch.zeros(1, 192, 3, 3), "shape 1 x 192 x 3 x 3; give N x 192 x 2 x 3"),
        (LATENT.long(), "dtype torch.int64; give torch.float32$"),
        (LATENT.double(), "dtype torch.float64; give torch.float32$"),
        (np.zeros((1, 192, 2, 3)), "of type ndarray; give a tensor of N x 192 x 2 x 3"),
    ],
)
def test_wrong_latents(latent: Any, message: str, tiny_flow: Build) -> None:
    flow = tiny_flow()
    with pytest.raises(ImageInputError, match=f"^the latent (has|is) {message}"):
        flow.decode(flow.encode(IMAGE), latent)


@torch.no_grad()
def test_tensors_that_do_not_belong_to_the_photos(tiny_flow: Build) -> None:
    flow = tiny_flow()
    one, two = flow.encode(IMAGE), flow.encode(IMAGE.repeat(2, 1, 1, 1))
    with pytest.raises(
        ImageInputError, match=r"shape 1 x 3 x 8 x 8, but the encoded photos.* 1 x 3 x 16 x 24;"
    ):
        flow.log_prob(IMAGE[..., :8, :8], one)
    with pytest.raises(ImageInputError, match="number of references is 3, but 2 photos were encoded"):
        flow.log_prob(IMAGE.repeat(3, 1, 1, 1), two)
    for count in (1, 3):
        with pytest.raises(ImageInputError, match=f"number of latents is {count}, but 2 photos were encoded"):
            flow.decode(two, LATENT.repeat(count, 1, 1, 1))
    assert flow.decode(one, LATENT.repeat(3, 1, 1, 1)).shape == (3, 3, 16, 24)
    assert flow.decode(two, LATENT.repeat(2, 1, 1, 1)).shape == (2, 3, 16, 24)
    assert flow.log_prob(IMAGE.repeat(2, 1, 1, 1), one).shape == (2,)


@torch.no_grad()
def test_what_autocast_converts_is_accepted(tiny_flow: Build) -> None:
    flow = tiny_flow()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        conditioning = flow.encode(IMAGE.bfloat16())
        flow.decode(conditioning, LATENT.bfloat16())
        with pytest.raises(ImageInputError, match=r"dtype torch\.float64"):
            flow.encode(IMAGE.double())


def test_images_of_double_precision_for_a_network_in_double_precision(tiny_flow: Build) -> None:
    flow = tiny_flow().double()
    conditioning = flow.encode(IMAGE.double())
    assert flow.log_prob(IMAGE.double(), conditioning).dtype == torch.float64
    with pytest.raises(ImageInputError, match=r"dtype torch\.float32; give torch\.float64"):
        flow.encode(IMAGE)


def test_the_checks_can_be_compiled_in_one_graph(tiny_flow: Build) -> None:
    flow = tiny_flow()
    conditioning = flow.encode(IMAGE)
    compiled = torch.compile(flow.log_prob, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(IMAGE, conditioning), flow.log_prob(IMAGE, conditioning))
