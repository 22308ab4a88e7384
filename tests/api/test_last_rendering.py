"""What the last rendering of a photo releases."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from llflow_photo import load_enhancer
from llflow_photo.api import renderings
from llflow_photo.color.spaces import DISPLAY_P3
from llflow_photo.engine import Latent
from llflow_photo.options import Options
from llflow_photo.photo import Photo
from llflow_photo.prepared import PreparedPhoto, prepare

_OPTIONS = Options(remove_specks=False)


@pytest.fixture
def photo() -> Photo:
    """A photo that is converted for the network."""
    random = np.random.default_rng(0)
    return Photo(random.uniform(0, 0.2, (40, 56, 3)).astype(np.float32), DISPLAY_P3, 16)


@pytest.mark.parametrize(
    "latent", [Latent(), Latent(brightness=0.4), Latent(2, 0.8), Latent(2, 0.8, 1.0)], ids=repr
)
def test_the_last_rendering_is_equal_and_releases_the_networks_input(photo: Photo, latent: Latent) -> None:
    enhancer = load_enhancer(device="cpu")
    expected = prepare(photo, enhancer, _OPTIONS).render(latent, _OPTIONS)
    prepared = prepare(photo, enhancer, _OPTIONS)
    pixels = weakref.ref(prepared.encoded._view._pixels)
    assert pixels() is not None
    last = prepared.render(latent, _OPTIONS, last=True)
    np.testing.assert_array_equal(last.pixels, expected.pixels)
    gc.collect()
    assert pixels() is None
    with pytest.raises(RuntimeError, match="released"):
        prepared.encoded.decode(Latent(1, 0.8, 1.0))


def test_the_last_of_several_renderings_with_grain_releases_what_they_share(photo: Photo) -> None:
    prepared = prepare(photo, load_enhancer(device="cpu"), _OPTIONS, renderings=2)
    first, second = Latent(1, 0.8, 1.0), Latent(2, 0.8, 1.0)
    prepared.render(first, _OPTIONS)
    assert prepared.encoded.is_quick(second)
    prepared.render(second, _OPTIONS, last=True)
    assert not prepared.encoded.is_quick(second)


@pytest.mark.parametrize("samples", [1, 3])
def test_only_the_last_of_several_renderings_releases_it(
    photo: Photo, samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    render = PreparedPhoto.render

    def noted(self: PreparedPhoto, *args: Any, last: bool = False, **more: Any) -> Photo:
        seen.append(last)
        return render(self, *args, last=last, **more)

    monkeypatch.setattr(PreparedPhoto, "render", noted)
    options = Options(samples=samples, temperature=0.8, grain=1.0, remove_specks=False)
    assert len(list(renderings(photo, options, load_enhancer(device="cpu")))) == samples
    assert seen == [False] * (samples - 1) + [True]
