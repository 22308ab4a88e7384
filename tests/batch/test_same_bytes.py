"""Results with XMP are the same, byte for byte, however many threads and processes write them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch_helpers import make_batch
from file_renderer import FileRenderer
from PIL import Image

from llflow_photo.files import Encoding

Hashes = Callable[[Path], dict[str, str]]
COUNT = 48
# The same namespace under other prefixes, and the same prefix for other namespaces.
_NAMES = (
    'xmlns:a="http://ns.adobe.com/xap/1.0/" xmlns:xmp="urn:other:1.0/" a:Rating="{0}" xmp:Mood="{0}"',
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:ns1="urn:one:1.0/" xmp:Rating="{0}" ns1:Mood="{0}"',
    'xmlns:ns0="http://ns.adobe.com/xap/1.0/" xmlns:ns1="urn:two:1.0/" ns0:Rating="{0}" ns1:Mood="{0}"',
)


def _packet(number: int) -> bytes:
    attributes = _NAMES[number % len(_NAMES)].format(number % 6)
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<r:Description r:about="" {attributes}/></r:RDF></x:xmpmeta>'
    ).encode()


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    """Photos with XMP, every fourth with a sidecar, too."""
    folder = tmp_path / "rated"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(COUNT):
        path = folder / f"{number:02}.jpg"
        Image.fromarray(random.integers(0, 60, (24, 32, 3), np.uint8)).save(path, xmp=_packet(number))
        if number % 4 == 0:
            path.with_suffix(".jpg.xmp").write_bytes(_packet(number + 1))
    return folder


def test_four_workers(batch: Callable[..., Any], rated: Path, tmp_path: Path, hashes: Hashes) -> None:
    found = []
    for jobs in (1, 4):
        output = tmp_path / f"by {jobs}"
        given: dict[str, Any] = {"encoding": Encoding("png"), "renderer": "file_renderer:FileRenderer"}
        assert batch(rated, output, jobs=jobs, **given).ok
        found.append(hashes(output))
    assert len(found[0]) == COUNT
    assert found[1] == found[0]


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_two_threads(rated: Path, tmp_path: Path, suffix: str, hashes: Hashes) -> None:
    renderer = FileRenderer(make_batch(rated, tmp_path, encoding=Encoding()).job)

    def through(path: Path, folder: Path) -> None:
        photo = renderer.read(path)
        (rendering,) = renderer.render(photo, 1, nullcontext, None)
        renderer.write(rendering, folder / f"{path.stem}.{suffix}", False)

    for threads in (1, 2):
        folder = tmp_path / f"by {threads}"
        folder.mkdir()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(through, sorted(rated.glob("*.jpg")), [folder] * COUNT))
    first, second = hashes(tmp_path / "by 1"), hashes(tmp_path / "by 2")
    assert len(first) == COUNT and second == first
