"""Batches with a renderer that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llflow_photo.batch.job import Job
from llflow_photo.batch.recording.identity import settings_hash
from llflow_photo.batch.recording.manifest import holds_outputs, outputs_in
from llflow_photo.batch.run import Batch
from llflow_photo.batch.selecting.selection import Selection
from llflow_photo.batch.selecting.series import SeriesRules
from llflow_photo.files import capture_of
from llflow_photo.options import Options

RAW = {".nef", ".dng"}
RASTER = {".png", ".jpg", ".tif"}


def make_batch(source: Path, output: Path, **changes: Any) -> Batch:
    """A batch with `FakeRenderer`; ``changes`` are fields of options, selection, job or batch.

    ``series`` is a mode of `SeriesRules`; without it, no series are found.
    """
    if "series" in changes:
        changes["series"] = SeriesRules(capture_of, lambda path: False, changes["series"])
    options = Options(**{name: changes.pop(name) for name in tuple(changes) if hasattr(Options(), name)})
    chosen = {name: changes.pop(name) for name in tuple(changes) if name in Selection.__dataclass_fields__}
    of_job = {name: changes.pop(name) for name in tuple(changes) if name in Job.__dataclass_fields__}
    selection = Selection(
        is_photo=lambda path: path.suffix.lower() in RAW | RASTER,
        is_raw=lambda path: path.suffix.lower() in RAW,
        is_output=holds_outputs,
        outputs_in=outputs_in,
        **chosen,
    )
    settings = settings_hash({"options": options, **of_job})
    fixed = {"renderer": "fake_renderer:FakeRenderer", "encoding": None, "raw": None, "model": "model"}
    job = Job(options=options, settings=settings, root=str(output), **{**fixed, **of_job})
    return Batch((source,), selection, job, ".png", **{"jobs": 1, **changes})
