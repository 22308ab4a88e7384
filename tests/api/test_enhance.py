"""`enhance`: photos in every form, the effect of the settings, and error messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import llflow_photo
from llflow_photo import Options, api, errors, finish, load_enhancer, prepared
from llflow_photo.engine import Latent
from llflow_photo.flow import LLFlow
from llflow_photo.pictures import photo_of_array


@pytest.fixture
def dark() -> np.ndarray:
    """A dark photo, H x W x 3, uint8, of an odd size."""
    random = np.random.default_rng(0)
    smooth = random.random((5, 7, 3)).repeat(8, 0).repeat(8, 1)[:37, :50]
    return (60 * smooth + random.integers(0, 6, smooth.shape)).astype(np.uint8)


@pytest.fixture
def refined(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The renderings that are refined."""
    calls: list[np.ndarray] = []
    real = prepared.refined

    def recorded(rendering: np.ndarray, *arguments: Any) -> np.ndarray:
        calls.append(rendering)
        return real(rendering, *arguments)

    monkeypatch.setattr(prepared, "refined", recorded)
    return calls


def test_a_photo_in_every_form_gives_the_same_rendering(
    dark: np.ndarray, tiny_model: Path, tmp_path: Path
) -> None:
    expected = llflow_photo.enhance(dark, model=tiny_model)
    assert expected.shape == (37, 50, 3)
    assert expected.dtype == np.float32
    assert expected.min() >= 0.0
    assert expected.max() <= 1.0
    Image.fromarray(dark).save(tmp_path / "dark.png")
    forms: list[Any] = [
        dark.astype(np.uint16) * 257,
        dark.astype(np.float32) / 255,
        dark.astype(np.float64) / 255,
        Image.fromarray(dark),
        tmp_path / "dark.png",
        str(tmp_path / "dark.png"),
        np.asfortranarray(dark),
    ]
    for form in forms:
        np.testing.assert_allclose(llflow_photo.enhance(form, model=tiny_model), expected, atol=2e-5)


def test_samples_have_seeds_of_their_own(dark: np.ndarray, tiny_model: Path) -> None:
    together = llflow_photo.enhance(dark, model=tiny_model, temperature=0.8, samples=2, seed=4)
    assert together.shape == (2, 37, 50, 3)
    for number, seed in enumerate((4, 5)):
        alone = llflow_photo.enhance(dark, model=tiny_model, temperature=0.8, seed=seed)
        np.testing.assert_allclose(together[number], alone, atol=1e-6)
    assert np.abs(together[0] - together[1]).max() > 1e-3


@pytest.mark.parametrize(("grain", "times"), [(0.0, 1), (1.0, 3)])
def test_renderings_without_grain_are_refined_once(
    dark: np.ndarray, refined: list[np.ndarray], grain: float, times: int
) -> None:
    pictures = llflow_photo.enhance(dark, temperature=0.8, samples=3, grain=grain)
    assert len(refined) == times
    for number in (0, 1):
        assert np.abs(pictures[number] - pictures[number + 1]).max() > 1 / 255


def test_changed_controls_are_refined_again(dark: np.ndarray, refined: list[np.ndarray]) -> None:
    photo, enhancer = photo_of_array(dark), load_enhancer()
    several = [Options(texture=1.0, look="neutral"), Options(texture=0.0), Options(texture=0.0, strength=0.5)]
    kept = prepared.prepare(photo, enhancer, Options(), renderings=2)
    for options in several:
        result = kept.render(Latent(3, 0.8), options).pixels
        fresh = prepared.prepare(photo, enhancer, Options()).render(Latent(3, 0.8), options).pixels
        np.testing.assert_array_equal(result, fresh)
    # Strength is not a part of the refinement, so the last one refined nothing again in the kept photo.
    assert len(refined) == 2 + len(several)


def test_a_look_of_the_refined_guess_is_close_to_a_refined_look(dark: np.ndarray) -> None:
    photo, options = photo_of_array(dark), Options()
    ready = prepared.prepare(photo, load_enhancer(), options, renderings=2)
    guess = ready.render(Latent(), options).pixels
    for brightness in (0.5, -0.5):
        latent = Latent(1, 0.8, brightness=brightness)
        result = ready.render(latent, options).pixels
        look = ready.encoded.decode(latent)
        wanted = finish.finished(look, ready.residual, options, ready.analysis).pixels
        change = np.abs(guess - wanted).mean()
        assert change > 5 / 255
        assert np.abs(result - wanted).mean() < 0.2 * change


def test_strength_blends_with_the_photo(dark: np.ndarray, tiny_model: Path) -> None:
    photo = dark.astype(np.float32) / 255
    nothing = llflow_photo.enhance(dark, model=tiny_model, strength=0.0)
    np.testing.assert_allclose(nothing, photo, atol=1e-6)
    full, half = (
        llflow_photo.enhance(dark, model=tiny_model, strength=s, protect_highlights=False) for s in (1.0, 0.5)
    )
    np.testing.assert_allclose(half, (full + photo) / 2, atol=1e-3)


def test_options_are_a_starting_point(dark: np.ndarray, tiny_model: Path) -> None:
    options = llflow_photo.Options(model=str(tiny_model), temperature=0.8, seed=3)
    by_options = llflow_photo.enhance(dark, options=options)
    by_name = llflow_photo.enhance(dark, model=tiny_model, temperature=0.8, seed=3)
    np.testing.assert_array_equal(by_options, by_name)
    changed = llflow_photo.enhance(dark, options=options, temperature=0.0)
    np.testing.assert_array_equal(changed, llflow_photo.enhance(dark, model=tiny_model))


def test_a_loaded_model_is_accepted(dark: np.ndarray, tiny_model: Path) -> None:
    model = llflow_photo.load_model(tiny_model)
    assert model.card.name == "tiny"
    by_model = llflow_photo.enhance(dark, model=model)
    np.testing.assert_array_equal(by_model, llflow_photo.enhance(dark, model=tiny_model))


def test_a_gray_array_is_three_equal_channels(dark: np.ndarray, tiny_model: Path) -> None:
    gray = dark[..., 1]
    expected = llflow_photo.enhance(np.stack([gray] * 3, -1), model=tiny_model)
    np.testing.assert_array_equal(llflow_photo.enhance(gray, model=tiny_model), expected)


def test_orientation_is_applied(dark: np.ndarray, tiny_model: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(dark)))
    turned.save(tmp_path / "turned.png", exif=exif)
    expected = llflow_photo.enhance(dark, model=tiny_model)
    with Image.open(tmp_path / "turned.png") as image:
        np.testing.assert_allclose(llflow_photo.enhance(image, model=tiny_model), expected, atol=1e-6)
    by_path = llflow_photo.enhance(tmp_path / "turned.png", model=tiny_model)
    np.testing.assert_allclose(by_path, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.full((8, 8, 3), np.nan, np.float32), "192 values that are not finite"),
        (np.full((8, 8, 3), np.inf), "not finite"),
        (np.full((8, 8, 3), 128.0), r"from 128 to 128; give sRGB-encoded values in \[0, 1\]"),
        (np.full((8, 8, 3), -0.1), "from -0.1"),
        (np.zeros((8, 8, 4), np.uint8), "drop the alpha channel"),
        (np.zeros((2, 8, 8, 3), np.uint8), "give height x width x 3"),
        (np.zeros((0, 8, 3), np.uint8), "give height x width x 3"),
        (np.zeros((8, 8, 3), np.int32), "type int32; give uint8, uint16, or float"),
        (np.zeros((8, 8, 3), bool), "type bool"),
    ],
)
def test_invalid_arrays_are_reported(image: np.ndarray, words: str, tiny_model: Path) -> None:
    with pytest.raises(errors.ImageInputError, match=words):
        llflow_photo.enhance(image, model=tiny_model)


def test_invalid_settings_are_reported(dark: np.ndarray, tiny_model: Path, tmp_path: Path) -> None:
    for setting, value, words in (
        ("temperature", -0.1, "temperature is -0.1; it must be from 0"),
        ("temperature", "warm", "give a number"),
        ("strength", 1.5, "strength is 1.5"),
        ("samples", 0, "samples is 0"),
        ("seed", -1, "seed is -1"),
        ("tile", 10, "tile is 10"),
        ("temprature", 1, "unknown option 'temprature'; known are"),
    ):
        with pytest.raises(errors.OptionError, match=words):
            llflow_photo.enhance(dark, model=tiny_model, **{setting: value})
    with pytest.raises(errors.ModelNotFoundError, match="no model 'nightly'; known are"):
        llflow_photo.enhance(dark, model="nightly")
    with pytest.raises(errors.ReadError, match=r"absent\.jpg"):
        llflow_photo.enhance(tmp_path / "absent.jpg", model=tiny_model)
    (tmp_path / "text.jpg").write_text("no photo")
    with pytest.raises(errors.FormatError, match=r"text\.jpg"):
        llflow_photo.enhance(tmp_path / "text.jpg", model=tiny_model)


def test_progress_is_complete_and_cancel_works(dark: np.ndarray, tiny_model: Path) -> None:
    seen: list[tuple[int, int]] = []
    llflow_photo.enhance(
        dark, model=tiny_model, samples=2, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    assert len({total for _, total in seen}) == 1
    with pytest.raises(errors.CancelledError):
        llflow_photo.enhance(dark, model=tiny_model, cancel=lambda: True)


def test_an_enhancer_is_kept_until_its_file_changes(
    tiny_model: Path, tiny_flow: Callable[..., LLFlow]
) -> None:
    from llflow_photo import models

    first = api.load_enhancer(tiny_model)
    assert api.load_enhancer(str(tiny_model)) is first
    assert api.load_enhancer(tiny_model, tile=128) is not first
    other = tiny_flow(seed=1)
    models.save(other.state_dict(), other.size, tiny_model)
    assert api.load_enhancer(tiny_model) is not first


@pytest.mark.parametrize("given", [np.uint64(3), np.int8(3)])
def test_numpys_numbers_are_numbers(given: Any) -> None:
    options = llflow_photo.Options(seed=given, temperature=np.float32(0.5), model=Path("x.safetensors"))
    assert options == llflow_photo.Options(seed=3, temperature=0.5, model="x.safetensors")
    assert type(options.seed) is int
    assert type(options.temperature) is float


def test_threads_that_load_a_model_at_once_share_its_engine(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llflow_photo.engine import enhancer

    built, together, runner = [], threading.Barrier(4), enhancer.Runner

    def counted(*arguments: Any) -> Any:
        built.append(arguments)
        time.sleep(0.2)  # the others arrive meanwhile
        return runner(*arguments)

    def load(_: int) -> Any:
        together.wait(60)
        return api.load_enhancer(tiny_model, device="cpu")

    monkeypatch.setattr(enhancer, "Runner", counted)
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(load, range(4)))) == 1
    assert len(built) == 1
