"""A renderer without a network: gamma and seeded noise, and failures selected by the name of a photo."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from llflow_photo.batch.workers.frames import FrameReader
from llflow_photo.errors import FormatError, ReadError, WriteError
from llflow_photo.files.atomic import atomic_file
from llflow_photo.files.provenance import SOURCE_SETTING, content_hash
from llflow_photo.photo import Photo


class FakeRenderer:
    """Rendering takes ``FAKE_SECONDS`` per sample; each constructor call creates a file in ``FAKE_LOADS``."""

    def __init__(self, job: Any) -> None:
        self._options = job.options
        self._seconds = float(os.environ.get("FAKE_SECONDS", "0"))
        if folder := os.environ.get("FAKE_LOADS"):
            Path(folder, f"{os.getpid()}-{time.monotonic_ns()}").touch()

    def read(self, path: Path) -> Photo:
        if path.stat().st_size == 0:
            raise ReadError(f"{path} is empty")
        if "vanishes" in path.name:
            path.unlink()
        if "changes" in path.name:
            with path.open("ab") as file:  # written completely or not at all, even if the process is killed
                file.write(b" ")
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB"), np.float32) / 255
        except FileNotFoundError as error:
            raise ReadError(f"{path} is gone") from error
        except OSError as error:
            raise FormatError(f"{path} is not an image") from error
        return Photo(pixels, source=path)

    def render(self, photo: Photo, seed: int, gate: Any, cancel: Any, series: Any = None) -> Iterator[Photo]:
        """The noise of frames of a series depends on the series."""
        name = photo.source.name
        if series is not None:
            seed = series.detail_seed(self._options.seed)
        for number in range(self._options.samples):
            with gate():
                time.sleep(self._seconds)
                if "kills" in name:
                    os.kill(os.getpid(), 9)
                if "once" in name and not (mark := photo.source.with_suffix(".mark")).exists():
                    mark.touch()
                    os.kill(os.getpid(), 9)
                if "meanwhile" in name and (elsewhere := os.environ.get("FAKE_APPEARS")):
                    Path(elsewhere).write_bytes(b"of another program")
                if "bug" in name:
                    raise RuntimeError("a bug")
                noise = np.random.default_rng(seed + number).normal(0, 0.05, photo.pixels.shape)
                noise *= self._options.temperature
            yield photo.with_pixels(np.clip(np.sqrt(photo.pixels) + noise, 0, 1).astype(np.float32))

    def check(self, photo: Photo, path: Path) -> None:
        if "wide" in photo.source.name:
            raise WriteError(f"{path} cannot store a photo as wide as this")

    def write(self, photo: Photo, path: Path, overwrite: bool) -> tuple[str, ...]:
        if "full" in photo.source.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        with atomic_file(path, overwrite) as file:
            Image.fromarray(np.rint(photo.pixels * 255).astype(np.uint8)).save(file, "PNG")
            # In real results, this is in the XMP and identifies them as results of the photo.
            mark = f"CreatorTool>llflow-photo {SOURCE_SETTING}>{content_hash(photo.source)}"
            file.write(mark.encode())
        return ()


class KillingReader(FrameReader):
    """Reads frames, and kills its process at some."""

    def read(self, path: Path) -> Photo:
        if "kills" in path.name:
            os.kill(os.getpid(), 9)
        return super().read(path)
