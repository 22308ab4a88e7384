"""`enhance_dir` with real files and a tiny network."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import llflow_photo
from llflow_photo import Options, enhance_dir
from llflow_photo.batch import Report
from llflow_photo.errors import BatchError, ModelNotFoundError, OptionError, ReadError, WriteError
from llflow_photo.files import Encoding, read, read_settings, write
from llflow_photo.models import save
from llflow_photo.photo import Photo

Hashes = Callable[[Path], dict[str, str]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of a tiny model."""
    import torch

    from llflow_photo.flow import DenseSize, LLFlow, Size

    torch.manual_seed(0)
    flow = LLFlow(Size(DenseSize(8, 4, 1, (0,)), steps=1, hidden=8))
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    save(flow.state_dict(), flow.size, path, half=False)
    return str(path)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four dark photos of three formats and odd sizes, a file that is not a photo, and a broken file."""
    folder = tmp_path_factory.mktemp("photos") / "night"
    (folder / "street").mkdir(parents=True)
    for number, name in enumerate(("a.jpg", "b.png", "street/c.tif", "street/d.jpg")):
        generator = np.random.default_rng(number)
        pixels = generator.random((45 + number, 67, 3), np.float32) * np.float32(0.2)
        write(Photo(pixels, bit_depth=16), folder / name)
    (folder / "notes.txt").write_text("x")
    (folder / "broken.jpg").write_bytes((folder / "a.jpg").read_bytes()[:100])
    return folder


GIVEN: dict[str, Any] = {"temperature": 0.8, "samples": 2, "seed": 5, "encoding": Encoding("png")}


@pytest.fixture(scope="module")
def first(night: Path, model: str) -> Report:
    """The folder rendered by one process, to the default output folder."""
    return enhance_dir(night, model=model, jobs=1, **GIVEN)


def test_a_folder_is_rendered_and_mirrored(night: Path, first: Report, hashes: Hashes) -> None:
    assert first.output == night.parent / "night-enhanced"
    stems = ("a", "b", "street/c", "street/d")
    assert sorted(hashes(first.output)) == [f"{stem}_s{sample}.png" for stem in stems for sample in (1, 2)]
    assert len(set(hashes(first.output).values())) == 8
    assert [(record.source, record.error) for record in first.failed] == [("broken.jpg", "ReadError")]
    assert [record.reason for record in first.skipped] == ["not a photo"]
    assert not first.ok
    assert first.page is not None
    assert read(first.output / "b_s1.png").pixels.shape == (46, 67, 3)


def test_a_second_run_finds_nothing_to_do(night: Path, model: str, first: Report, hashes: Hashes) -> None:
    before = hashes(first.output)
    report = enhance_dir(night, model=model, jobs=1, **GIVEN)
    assert not report.done
    assert len(report.failed) == 1
    assert hashes(first.output) == before


def test_outputs_are_not_taken_as_inputs(night: Path, model: str, first: Report) -> None:
    planned = enhance_dir(night.parent, model=model, dry_run=True).planned
    assert {record.source.split("/")[0] for record in planned} == {"night"}


def test_a_cluster_of_two_processes_gives_the_bytes_of_one(
    night: Path, model: str, first: Report, hashes: Hashes, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    enhance_dir(night, model=model, output=tmp_path / "dask", jobs=2, backend="dask", **GIVEN)
    assert hashes(tmp_path / "dask") == hashes(first.output)


def test_alone_and_under_another_name_from_a_script_without_main_guard(
    night: Path, model: str, first: Report, hashes: Hashes, tmp_path: Path
) -> None:
    shutil.copy(night / "b.png", tmp_path / "other name.png")
    script = tmp_path / "script.py"
    script.write_text(
        "import llflow_photo\n"
        "from llflow_photo.files import Encoding\n"
        f"llflow_photo.enhance_dir({str(tmp_path / 'other name.png')!r}, 0.8, {str(tmp_path / 'out')!r},"
        f" model={model!r}, samples=2, seed=5, encoding=Encoding('png'))\n"
    )
    root = str(Path(llflow_photo.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    subprocess.run([sys.executable, script], check=True, env=environment, timeout=600)
    assert hashes(tmp_path / "out")["other name_s2.png"] == hashes(first.output)["b_s2.png"]


def test_a_rendering_can_be_made_again_from_its_metadata(
    night: Path, model: str, first: Report, tmp_path: Path
) -> None:
    settings = read_settings(read(first.output / "b_s2.png").metadata)
    numbers = {name: int(settings[name]) for name in ("seed", "detail_seed")}
    options = Options(model=model, temperature=float(settings["temperature"]), **numbers)
    assert (options.temperature, options.seed) == (0.8, 5 + 1)
    assert options.detail_seed == next(record.seed for record in first.done if record.source == "b.png") + 1
    llflow_photo.enhance_file(night / "b.png", tmp_path / "again.png", options)
    pictures = [np.asarray(Image.open(path)) for path in (tmp_path / "again.png", first.output / "b_s2.png")]
    assert np.array_equal(*pictures)


def test_temperature_has_the_default_of_options(night: Path, model: str) -> None:
    def planned(**given: Any) -> Any:
        return enhance_dir(night, dry_run=True, **given).settings["temperature"]

    assert planned(model=model) == planned(options=Options(model=model)) == Options().temperature == 0.0
    assert planned(options=Options(model=model, temperature=0.5)) == 0.5
    assert planned(options=Options(model=model), temperature=0.3) == 0.3


def test_invalid_arguments_are_rejected_before_anything_is_written(
    night: Path, model: str, hashes: Hashes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    originals = hashes(night)
    for error, given in [
        (ModelNotFoundError, {"model": "no-such-model"}),
        (OptionError, {"temperature": -1.0}),
        (OptionError, {"pairs": "neither"}),
        (OptionError, {"well_exposed": "burn"}),
        (OptionError, {"newer_than": "soon"}),
        (OptionError, {"newer_than": "-7d"}),
        (OptionError, {"if_darker_than": "x"}),
        (OptionError, {"if_darker_than": float("nan")}),
        (OptionError, {"include": [1]}),
        (OptionError, {"exclude": 5}),
        (OptionError, {"output": ""}),
        (OptionError, {"output": "a\0b"}),
        (OptionError, {"output": 3}),
        (OptionError, {"encoding": "png"}),
        (OptionError, {"raw": {}}),
        (OptionError, {"options": "x"}),
        (OptionError, {"jobs": 0}),
        (OptionError, {"no_such_option": 1}),
        (OptionError, {"backend": "carrier-pigeon"}),
        (BatchError, {"output": night}),
        (BatchError, {"output": night.parent}),
    ]:
        with pytest.raises(error):
            enhance_dir(night, **{"model": model, **given})  # type: ignore[arg-type]
    with pytest.raises(ReadError):
        enhance_dir(night / "nowhere", model=model)
    for empty in ("", [night, ""]):
        with pytest.raises(OptionError, match="a path is empty"):
            enhance_dir(empty, model=model)
    for wrong in (None, 3, b"night", [b"night"], "a\0b", [night, None]):
        with pytest.raises(OptionError, match="give the path of a folder or a photo"):
            enhance_dir(wrong, model=model)  # type: ignore[arg-type]
    assert hashes(night) == originals


def test_the_package_imports_without_torch() -> None:
    code = "import sys, llflow_photo.batch as b; b.enhance_dir; print('torch' in sys.modules)"
    root = str(Path(llflow_photo.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert done.stdout.strip() == "False"


def test_photos_too_large_for_a_format_fail_before_rendering(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (16_384, 2)).save(tmp_path / "in" / "wide.png")
    report = enhance_dir(tmp_path / "in", model=model, jobs=1, encoding=Encoding("webp"))
    assert [(record.error, record.seconds.get("network")) for record in report.failed] == [
        ("WriteError", None)
    ]
    assert "at most 16383 pixels per side" in report.failed[0].reason
    monkeypatch.setattr("llflow_photo.files.writing.check_pillow_writes", _not_written)
    with pytest.raises(WriteError, match="no plugin"):
        enhance_dir(tmp_path / "in", output=tmp_path / "other", model=model)


def _not_written(name: str) -> None:
    raise WriteError(f"no plugin for {name}")
