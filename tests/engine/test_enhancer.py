"""Photos of any size, tiled and whole."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from engine_helpers import dark_photo, random_flow

from llflow_photo.engine import Enhancer, Latent
from llflow_photo.engine.runner import using_threads
from llflow_photo.engine.view import FramePart
from llflow_photo.errors import (
    CancelledError,
    DeviceError,
    ImageInputError,
    NonFiniteOutputError,
    OptionError,
)
from llflow_photo.flow import Size, UNetSize

NOISY = Latent(seed=3, temperature=0.8)
SEES_ALL = Size(
    UNetSize((8, 12, 16), (1, 1, 1), (1, 1), vector=16, branch=1), steps=(1, 1, 1), hidden=8, prior=True
)


@pytest.fixture(scope="module")
def whole() -> Enhancer:
    return Enhancer(random_flow(), tile=4096, backend="float32")


@pytest.mark.parametrize("latent", [Latent(), NOISY], ids=["mean", "noisy"])
@pytest.mark.parametrize("shape", [(301, 413), (129, 700)])
@pytest.mark.parametrize("tile", [168, 256])
def test_tiles_leave_no_seam(whole: Enhancer, latent: Latent, shape: tuple[int, int], tile: int) -> None:
    photo = dark_photo(*shape)
    expected = whole.encode(photo).decode(latent)
    tiled = Enhancer(random_flow(), tile=tile, backend="float32")
    encoded = tiled.encode(photo, keep=False)
    assert encoded.tiles > 1
    assert np.abs(encoded.decode(latent) - expected).max() < 0.2 / 255
    assert np.abs(tiled.encode(photo, keep=True).decode(latent) - expected).max() < 0.2 / 255


@pytest.mark.parametrize("latent", [Latent(), Latent(3, 0.8, 0.5, 0.3)], ids=["guess", "look and grain"])
def test_tiles_of_a_network_with_a_whole_photo_branch_leave_no_seam(latent: Latent) -> None:
    photo = dark_photo(301, 413)
    photo[:, 200:] *= 0.2  # tiles alone would be judged differently
    flow = random_flow(SEES_ALL)
    assert flow.prior is not None
    flow.prior.spread.fill_(0.3)
    expected = Enhancer(flow, tile=4096, backend="float32").encode(photo).decode(latent)
    tiled = Enhancer(flow, tile=168, backend="float32")
    for keep in (False, True):
        encoded = tiled.encode(photo, keep=keep)
        assert encoded.tiles > 1
        assert np.abs(encoded.decode(latent) - expected).max() < 0.2 / 255


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 5), (8, 1), (17, 64), (95, 8)])
def test_any_size_is_rendered(whole: Enhancer, shape: tuple[int, int]) -> None:
    rendering = whole.encode(dark_photo(*shape)).decode(NOISY)
    assert rendering.shape == (*shape, 3)
    assert rendering.dtype == np.float32
    assert rendering.min() >= 0
    assert rendering.max() <= 1


def test_untiled_renderings_equal_the_network_output(whole: Enhancer) -> None:
    flow, photo = random_flow(), dark_photo(61, 83)
    image = torch.from_numpy(photo).permute(2, 0, 1)[None]
    with torch.inference_mode():
        expected = flow.decode(flow.encode(image)).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(whole.encode(photo).decode(Latent()), expected, atol=1e-4)


def test_the_same_settings_give_the_same_bytes() -> None:
    photo = dark_photo(200, 300)
    renderings = [
        Enhancer(random_flow(), tile=168).encode(photo, keep=keep).decode(NOISY)
        for keep in (False, True, False)
    ]
    assert renderings[0].tobytes() == renderings[1].tobytes() == renderings[2].tobytes()


def test_seeds_differ_except_at_temperature_zero(whole: Enhancer) -> None:
    encoded = whole.encode(dark_photo(64, 96))
    assert np.abs(encoded.decode(NOISY) - encoded.decode(Latent(4, 0.8))).max() > 0.01
    assert encoded.decode(Latent(1)).tobytes() == encoded.decode(Latent(2)).tobytes()


def test_decode_many_equals_single_renderings() -> None:
    enhancer = Enhancer(random_flow(), tile=168, backend="float32")
    encoded = enhancer.encode(dark_photo(200, 190), keep=False)
    latents = [Latent(), NOISY, Latent(9, 1.0, 0.5)]
    for rendering, latent in zip(encoded.decode_many(latents), latents, strict=True):
        np.testing.assert_allclose(rendering, encoded.decode(latent), atol=1e-6)


def test_uint8_equals_float_and_the_photo_is_not_modified(whole: Enhancer) -> None:
    eight_bit = np.round(dark_photo(40, 50) * 255).astype(np.uint8)
    photo = eight_bit.astype(np.float32) / 255
    before = photo.copy()
    expected = whole.encode(photo).decode(Latent())
    np.testing.assert_allclose(whole.encode(eight_bit).decode(Latent()), expected, atol=1e-5)
    np.testing.assert_array_equal(photo, before)


def test_the_result_can_be_written_to_a_given_array(whole: Enhancer) -> None:
    encoded = whole.encode(dark_photo(40, 50))
    out = np.full((40, 50, 3), 7, np.float32)
    assert encoded.decode(NOISY, out=out) is out
    np.testing.assert_array_equal(out, encoded.decode(NOISY))
    with pytest.raises(ImageInputError, match="out"):
        encoded.decode(NOISY, out=np.zeros((40, 51, 3), np.float32))


def test_progress_counts_all_tiles() -> None:
    seen: list[tuple[int, int]] = []
    encoded = Enhancer(random_flow(), tile=168).encode(dark_photo(200, 300), keep=False)
    encoded.decode(NOISY, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, encoded.tiles) for done in range(1, encoded.tiles + 1)]


def test_cancel_stops_within_a_tile_and_the_encoded_photo_stays_usable() -> None:
    asked = iter([False, False, True])
    encoded = Enhancer(random_flow(), tile=168).encode(dark_photo(200, 300), keep=False)
    done: list[int] = []
    with pytest.raises(CancelledError):
        encoded.decode(NOISY, progress=lambda count, _: done.append(count), cancel=lambda: next(asked))
    assert len(done) <= 2
    assert np.isfinite(encoded.decode(NOISY)).all()


def test_values_that_are_not_finite_are_an_error() -> None:
    flow = random_flow()
    with torch.no_grad():
        flow.flow.levels[0].transitions[0].norm.log_scale.fill_(-120.0)
    with pytest.raises(NonFiniteOutputError, match="not finite"):
        Enhancer(flow, backend="float32").encode(dark_photo(20, 30)).decode(NOISY)


def test_out_of_memory_reduces_tiles_and_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    enhancer = Enhancer(random_flow(), tile=512, backend="float32")
    photo = dark_photo(600, 400)
    expected = enhancer.encode(photo, keep=False).decode(NOISY)
    encoded = enhancer.encode(photo, keep=False)
    network = encoded._runner._net
    monkeypatch.setattr(encoded._runner, "_net", _OnlySmallTiles(network, 300 * 300))
    rendering = encoded.decode(NOISY)
    assert encoded.tile == 256
    assert "256" in encoded.notes[0]
    assert np.abs(rendering - expected).max() < 0.2 / 255
    monkeypatch.setattr(encoded._runner, "_net", _OnlySmallTiles(network, 0))
    with pytest.raises(DeviceError, match="smallest tile"):
        encoded.decode(NOISY)


class _OnlySmallTiles:
    def __init__(self, network: object, most_pixels: int) -> None:
        self.network = network
        self.most_pixels = most_pixels

    def __call__(self, images: torch.Tensor, *inputs: object, far: bool = False) -> torch.Tensor:
        self._check(images)
        return self.network(images, *inputs, far=far)  # type: ignore[operator]

    def condition(self, images: torch.Tensor, *inputs: object) -> object:
        self._check(images)
        return self.network.condition(images, *inputs)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self.network, name)

    def _check(self, images: torch.Tensor) -> None:
        if images.shape[2] * images.shape[3] > self.most_pixels:
            raise torch.OutOfMemoryError("out of memory")


@pytest.mark.parametrize(
    "photo",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((0, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.int32),
        np.full((4, 4, 3), np.nan, np.float32),
    ],
    ids=["gray", "empty", "integers", "not finite"],
)
def test_invalid_photos_are_rejected(whole: Enhancer, photo: np.ndarray) -> None:
    with pytest.raises(ImageInputError):
        whole.encode(photo)


def test_settings_are_checked() -> None:
    with pytest.raises(DeviceError, match="tpu"):
        Enhancer(random_flow(), device="tpu")
    with pytest.raises(OptionError, match="tile"):
        Enhancer(random_flow(), tile=32)
    for halo in (-64, 0, 15):
        with pytest.raises(OptionError, match=f"halo is {halo};"):
            Enhancer(random_flow(), halo=halo)
    assert Enhancer(random_flow(), halo=17).halo == 24


def test_threads_are_set_only_during_rendering() -> None:
    before = torch.get_num_threads()
    seen: list[int] = []
    encoded = Enhancer(random_flow(), threads=1).encode(dark_photo(40, 40))
    encoded.decode(Latent(), progress=lambda *_: seen.append(torch.get_num_threads()))
    assert seen == [1]
    assert torch.get_num_threads() == before


def test_overlapping_and_nested_uses_restore_the_first_number_of_threads() -> None:
    before = torch.get_num_threads()
    first_is_in, second_is_in, first_is_out = threading.Event(), threading.Event(), threading.Event()

    def first() -> int:
        with using_threads(before + 1):
            first_is_in.set()
            assert second_is_in.wait(60)
        first_is_out.set()
        return torch.get_num_threads()

    def second() -> list[int]:
        assert first_is_in.wait(60)
        with using_threads(before + 2):
            second_is_in.set()
            with using_threads(before + 3):
                inner = torch.get_num_threads()
            outer = torch.get_num_threads()
            assert first_is_out.wait(60)
        return [inner, outer, torch.get_num_threads()]

    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(first), pool.submit(second)
        assert running[0].result() == before
        assert running[1].result() == [before + 3, before + 2, before]
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == before
    assert torch.get_num_threads() == before


def test_batched_tiles_equal_single_tiles() -> None:
    enhancer = Enhancer(random_flow(), tile=168, backend="float32")
    encoded = enhancer.encode(dark_photo(200, 300), keep=False)
    for latent in (Latent(), NOISY):
        enhancer._runner.batch = 1
        expected = encoded.decode(latent)
        enhancer._runner.batch = 4
        np.testing.assert_allclose(encoded.decode(latent), expected, atol=1e-5)


def _with_looks(tile: int = 168, **more: Any) -> Enhancer:
    """A network whose prior makes looks visible."""
    flow = random_flow(SEES_ALL)
    assert flow.prior is not None
    flow.prior.spread.fill_(0.3)
    return Enhancer(flow, tile=tile, backend="float32", **more)


LOOK = Latent(3, 0.8, 0.0, 0.1)


@pytest.mark.parametrize("keep", [None, True, False])
def test_only_photos_that_keep_their_guess_render_looks_without_decoding_it_again(keep: bool | None) -> None:
    encoded = _with_looks().encode(dark_photo(301, 413), keep=keep)
    latents = [Latent(), LOOK, Latent(4, 0.8)]
    together = encoded.decode_many(latents)
    assert all(np.abs(one - other).max() > 2 / 255 for one, other in pairwise(together))
    tiles: list[int] = []
    for latent, expected in zip(latents, together, strict=True):
        assert encoded.is_quick(latent) == (keep is not False)
        rendering = encoded.decode(latent, progress=lambda done, _: tiles.append(done))
        assert rendering.tobytes() == expected.tobytes()
    assert not encoded.is_quick(Latent(3, 0.8, 1.0))
    count = encoded.tiles
    assert tiles == (3 * list(range(1, count + 1)) if keep is False else 3 * [count])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (17, 64), (2, 9000), (8, 6000)])
def test_looks_of_any_size(shape: tuple[int, int]) -> None:
    rendering = _with_looks(1024).encode(dark_photo(*shape)).decode(LOOK)
    assert rendering.shape == (*shape, 3) and rendering.dtype == np.float32
    assert np.isfinite(rendering).all() and rendering.min() >= 0 and rendering.max() <= 1


def test_a_look_is_written_to_a_given_array_and_can_be_cancelled() -> None:
    encoded = _with_looks().encode(dark_photo(200, 190), keep=False)
    expected = encoded.decode(LOOK)
    out = np.full((200, 190, 3), 7, np.float32)
    assert encoded.decode(LOOK, out=out) is out
    np.testing.assert_array_equal(out, expected)
    with pytest.raises(CancelledError):
        encoded.decode(LOOK, cancel=lambda: True)
    np.testing.assert_array_equal(encoded.decode(LOOK), expected)


@pytest.mark.parametrize("keep", [True, False])
def test_out_of_memory_at_a_look_or_with_kept_tiles(keep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    enhancer = _with_looks(512)
    photo, grain = dark_photo(600, 400), replace(LOOK, grain=1.0)
    expected = enhancer.encode(photo, keep=False).decode_many([LOOK, grain])
    encoded = enhancer.encode(photo, keep=keep)
    monkeypatch.setattr(enhancer._runner, "_net", _OnlySmallTiles(enhancer._runner._net, 300 * 300))
    for latent, wanted in zip([LOOK, grain], expected, strict=True):
        assert np.abs(encoded.decode(latent) - wanted).max() < 0.5 / 255
    assert encoded.tile == 256 and len(encoded.notes) == 1


def test_threads_that_render_at_once_and_a_cancelled_one_do_not_mix_up_tiles() -> None:
    encoded = _with_looks().encode(dark_photo(301, 413), keep=True)
    latent = replace(LOOK, grain=1.0)
    expected = _with_looks().encode(dark_photo(301, 413), keep=False).decode(latent)
    asked = iter([False, False, True])
    with pytest.raises(CancelledError):
        encoded.decode(latent, cancel=lambda: next(asked))
    with ThreadPoolExecutor(2) as pool:
        renderings = list(pool.map(lambda _: encoded.decode(latent), range(2)))
    for rendering in [*renderings, encoded.decode(latent)]:
        np.testing.assert_allclose(rendering, expected, atol=1e-5)
    assert encoded.is_quick(latent)


def test_a_part_needs_the_statistics_of_the_whole() -> None:
    with pytest.raises(OptionError, match="statistics"):
        _with_looks().encode(dark_photo(64, 64), part=FramePart((128, 128), 64, 0))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_looks_are_rendered_alike_on_a_gpu() -> None:
    photo = dark_photo(301, 413)
    expected = _with_looks().encode(photo).decode_many([LOOK, replace(LOOK, grain=1.0)])
    on_gpu = _with_looks(device="cuda").encode(photo).decode_many([LOOK, replace(LOOK, grain=1.0)])
    for one, other in zip(on_gpu, expected, strict=True):
        assert np.abs(one - other).max() < 1e-3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("latent", [Latent(), NOISY], ids=["mean", "noisy"])
def test_a_gpu_renders_like_the_processor(whole: Enhancer, latent: Latent) -> None:
    photo = dark_photo(301, 413)
    expected = whole.encode(photo).decode(latent)
    for backend, most in (("float32", 1e-3), ("auto", 1 / 255)):
        encoded = Enhancer(random_flow(), device="cuda", tile=168, backend=backend).encode(photo, keep=False)
        for _ in range(3):  # the second and third time by graph
            assert np.abs(encoded.decode(latent) - expected).max() < most


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (torch.zeros(8, 8, 3), "of type Tensor; give a numpy array of height x width x 3"),
        ([[[0.1, 0.1, 0.1]]], "of type list; give a numpy array"),
        ("night.jpg", "of type str; give a numpy array"),
        (np.zeros((1, 3, 8, 8), np.float32), r"shape \(1, 3, 8, 8\); give height x width x 3"),
        (np.zeros((8, 8, 3), np.uint16), "dtype uint16; give float32"),
    ],
)
def test_what_is_no_photo_is_refused(whole: Enhancer, view: Any, message: str) -> None:
    for function in (whole.encode, whole.photo_statistics):
        with pytest.raises(ImageInputError, match=message):
            function(view)
