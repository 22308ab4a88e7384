"""``enhance`` on the command line: output files, failures in one line, exit codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from llflow_photo import Options, enhance_file, files
from llflow_photo.cli import main
from llflow_photo.errors import ReadError, WriteError


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    path = tmp_path / "night.png"
    Image.fromarray(random.integers(0, 40, (24, 40, 3), dtype=np.uint8)).save(path)
    return path


def test_a_photo_is_enhanced(
    photo: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["enhance", str(photo), "--output", str(out), "--model", str(tiny_model)]) == 0
    assert capsys.readouterr().out.strip() == str(out / "night.jpg")
    with Image.open(out / "night.jpg") as image:
        assert image.size == (40, 24)


def test_an_output_may_be_a_file_name(photo: Path, tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "bright.tif"
    assert main(["enhance", str(photo), "-o", str(target), "--model", str(tiny_model), "-q"]) == 0
    assert target.is_file()
    both = [str(photo), str(photo)]
    assert main(["enhance", *both, "-o", str(target), "--model", str(tiny_model)]) == 2


def test_a_failure_does_not_stop_the_other_photos(
    photo: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.jpg").write_text("not a photo")
    inputs = [str(tmp_path / "text.jpg"), str(photo), str(tmp_path / "absent.jpg")]
    out = tmp_path / "out"
    assert main(["enhance", *inputs, "-o", str(out), "--model", str(tiny_model), "--format", "png"]) == 1
    printed = capsys.readouterr().err.strip().splitlines()
    assert len(printed) == 2
    assert all(line.startswith("error: ") for line in printed)
    assert "text.jpg" in printed[0]
    assert "absent.jpg" in printed[1]
    assert [path.name for path in out.iterdir()] == ["night.png"]


def test_samples_and_settings_are_passed_on(photo: Path, tiny_model: Path, tmp_path: Path) -> None:
    settings = ["--temperature", "0.5", "--samples", "2", "--seed", "9", "--strength", "0.75"]
    out = ["-o", str(tmp_path / "out"), "--format", "png", "--model", str(tiny_model)]
    assert main(["enhance", str(photo), *out, *settings]) == 0
    paths = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in paths] == ["night_s1.png", "night_s2.png"]
    printed = files.read_settings(files.read(paths[1]).metadata)
    assert (printed["seed"], float(printed["temperature"]), float(printed["strength"])) == ("10", 0.5, 0.75)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--samples", "3"], "at temperature 0 all renderings are the same best guess"),
        (["--grain", "1"], "at temperature 0 there is no grain"),
        (["--samples", "3", "--temperature", "0.5"], ""),
        (["--samples", "3", "--quiet"], ""),
        ([], ""),
    ],
)
def test_options_without_effect_at_temperature_0_are_noted_once(
    arguments: list[str],
    words: str,
    photo: Path,
    tiny_model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = ["-o", str(tmp_path / "out"), "--model", str(tiny_model)]
    for more in ([str(photo), str(photo)], [str(photo.parent), "--dry-run"]):
        assert main(["enhance", *more, *out, *arguments]) == 0
        notes = [line for line in capsys.readouterr().err.splitlines() if "temperature" in line]
        wanted = f"note: {words}; for variation give --temperature, for example 0.8"
        assert notes == ([wanted] if words else [])


def test_photos_with_equal_names_get_distinct_outputs(photo: Path, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / "night.png"
    twin.write_bytes(photo.read_bytes())
    out = tmp_path / "out"
    assert main(["enhance", str(photo), str(twin), "-o", str(out), "--model", str(tiny_model), "-q"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["night-2.jpg", "night.jpg"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "nightly"], r"error: there is no model 'nightly'; known are"),
        (["--device", "foo"], r"error: device is 'foo'; give 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'"),
        (["--temperature", "-1"], r"error: temperature is -1; it must be from 0 to 10"),
        (["--tile", "wide"], r"error: tile is 'wide'; give 'auto'"),
        (["--white-balance", "warm"], r"error: --white-balance is 'warm'"),
        (["--quality", "0"], r"error: quality is 0"),
        (["--samples", "10001"], r"error: samples is 10001"),
        (["-o", "bright.jpg", "--format", "png"], r"error: bright.jpg ends in .jpg, but the format is png"),
        (["--format", "jpeg", "--bit-depth", "16"], r"error: jpeg cannot be written with 16 bits"),
        (["-o", "bright.xyz"], r"error: bright.xyz ends in .xyz"),
        (["-o", "bright.jpg", "--retry-failed"], r"error: --output bright.jpg is a file name"),
        (["--copy-well-exposed"], r"error: --copy-well-exposed needs --if-darker-than"),
        (["--series", "--series-gap", "9"], r"error: --series-gap applies to series detected from EXIF"),
        (["--backend", "dask", "--address", "here"], r"error: --address is 'here'"),
        (["--address", "tcp://here:1"], r"error: --address is that of a cluster; add --backend"),
        (["--newer-than=-7d"], r"error: newer_than is '-7d', which is no time in the past"),
        (["--dry-run", "--backend", "threading"], r"error: backend 'threading' renders in the calling"),
        (["--jobs", "1", "-o", "/dev/null"], r"error: the output /dev/null is a file; name a folder"),
        (["-o", "/dev/null/"], r"error: the output folder /dev/null/ is a file"),
    ],
)
def test_invalid_values_are_reported_in_one_line(
    arguments: list[str], words: str, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["enhance", str(photo), *arguments]) == 2
    printed = capsys.readouterr().err.strip()
    assert re.match(words, printed)
    assert "\n" not in printed


def test_an_output_that_is_or_contains_an_input_exits_with_two(
    photo: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = photo.read_bytes()
    for given in (photo, photo.parent):
        for output in (given, photo.parent.parent):
            if output.is_dir() and given == photo:
                continue
            assert main(["enhance", str(given), "-o", str(output), "--model", str(tiny_model)]) == 2
            assert "never overwritten" in " ".join(capsys.readouterr().err.split())
    assert photo.read_bytes() == before


def test_a_format_without_its_plugin_exits_with_two(
    photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def not_written(name: str) -> None:
        raise WriteError(f"no plugin for {name}")

    monkeypatch.setattr("llflow_photo.files.writing.check_pillow_writes", not_written)
    for given in (photo, photo.parent):
        assert main(["enhance", str(given), "--format", "jxl"]) == 2
        assert capsys.readouterr().err == "error: no plugin for jxl\n"


@pytest.mark.parametrize("arguments", [[""], ["a.jpg", ""], ["a.jpg", "-o", ""], ["folder", "--output="]])
def test_empty_paths_are_rejected(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of a variable that is not set: they are not the current folder or the default folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["enhance", *arguments])
    assert ended.value.code == 2
    assert "a path is empty; give a file or a folder" in capsys.readouterr().err


def test_invalid_usage_exits_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    out_of_range = ["enhance", "x", "--if-darker-than", "nan"], ["enhance", "x", "--jobs", "0"]
    unknown = [], ["enhance"], ["brighten"], ["enhance", "x", "--temperature", "warm"]
    for arguments in (*unknown, *out_of_range):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error", "command"),
    [
        (["enhance", "a.jpg", "--temprature", "0.8"], "unrecognized arguments: --temprature 0.8", " enhance"),
        (
            ["enhance", "a.jpg", "--temperature", "abc"],
            "argument --temperature: invalid float value",
            " enhance",
        ),
        (["enhance"], "the following arguments are required: INPUT", " enhance"),
        (["models", "a", "b"], "unrecognized arguments: b", " models"),
        (["train", "--lr", "-1"], "argument --lr: '-1' given; give a number above 0", " train"),
        (["brighten"], "argument COMMAND: invalid choice: 'brighten'", ""),
        (["--fast", "doctor"], "unrecognized arguments: --fast", ""),
    ],
)
def test_errors_of_usage_name_the_error_and_the_help_of_the_command(
    arguments: list[str], error: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"error: {error}")
    assert second == f"see llflow-photo{command} --help"


def test_help_shows_the_defaults_of_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["enhance", "--help"])
    assert ended.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    defaults = Options()
    for flag, value in (
        ("--model", defaults.model),
        ("--temperature", f"{defaults.temperature:g}"),
        ("--samples", defaults.samples),
        ("--seed", defaults.seed),
        ("--strength", f"{defaults.strength:g}"),
        ("--device", defaults.device),
    ):
        of_flag = printed.rpartition(f"{flag} ")[2].partition(" --")[0]
        assert of_flag.endswith(f"(default: {value})"), of_flag


def test_folders_go_to_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from llflow_photo import batch

    given: dict[str, Any] = {}
    report = SimpleNamespace(
        ok=True, dry_run=False, summary=lambda: "3 rendered", to_json=lambda: {"done": 3}
    )

    def enhance_dir(inputs: list[Path], **settings: Any) -> Any:
        given.update(settings, inputs=inputs)
        settings["progress"](batch.Event("start", 3))
        return report

    monkeypatch.setattr(batch, "enhance_dir", enhance_dir)
    folder = str(tmp_path)
    arguments = ["--jobs", "2", "--include", "*.nef", "--temperature", "0.8", "--format", "tiff", "--force"]
    assert main(["enhance", folder, "--output", "out", *arguments]) == 0
    assert given["inputs"] == [tmp_path]
    assert (given["jobs"], given["include"], given["force"]) == (2, ("*.nef",), True)
    assert given["output"] == Path("out")
    assert given["options"] == Options(temperature=0.8)
    assert given["encoding"].format == "tiff"
    assert "3 rendered" in capsys.readouterr().err
    report.ok = False
    assert main(["enhance", folder, "--json"]) == 1
    lines = capsys.readouterr().out.strip().splitlines()
    assert '"kind": "start"' in lines[0]
    assert '"done": 3' in lines[-1]


def test_an_interrupted_batch_prints_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from llflow_photo import batch

    def enhance_dir(inputs: list[Path], **settings: Any) -> Any:
        raise batch.BatchInterrupted(batch.Report((), tmp_path, stopped="interrupted"))

    monkeypatch.setattr(batch, "enhance_dir", enhance_dir)
    assert main(["enhance", str(tmp_path), "--json"]) == 130
    assert '"stopped": "interrupted"' in capsys.readouterr().out
    assert main(["enhance", str(tmp_path), "--quiet"]) == 130
    assert "the same call continues from here" in capsys.readouterr().err


def test_photos_go_to_the_batch_if_an_argument_needs_it(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from llflow_photo import batch

    given: dict[str, Any] = {}

    def enhance_dir(inputs: list[Path], **settings: Any) -> Any:
        given.update(settings, inputs=inputs)
        return batch.Report((), photo.parent)

    monkeypatch.setattr(batch, "enhance_dir", enhance_dir)
    assert main(["enhance", str(photo), "--if-darker-than", "-2"]) == 0
    assert (given["inputs"], given["if_darker_than"], given["output"]) == ([photo], -2.0, Path("enhanced"))
    assert (given["series"], given["series_gap"]) == ("auto", 30.0)
    assert main(["enhance", "--series", str(photo), str(photo)]) == 0
    assert given["series"] == "all"
    assert main(["enhance", str(photo.parent), "--no-series"]) == 0
    assert given["series"] == "off"
    assert main(["enhance", str(photo), "--series-gap", "90"]) == 0
    assert (given["series"], given["series_gap"]) == ("auto", 90.0)
    assert given["pairs"] == "raw"
    for name, text, value in (
        ("if_darker_than", "0", 0.0),
        ("series_gap", "0", 0.0),
        ("pairs", "jpeg", "jpeg"),
        ("pairs", "raw", "raw"),
    ):
        given.clear()
        assert main(["enhance", str(photo), f"--{name.replace('_', '-')}", text]) == 0
        assert given[name] == value


def test_the_batch_accepts_the_arguments_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run of the real batch, so that both stay consistent."""
    Image.new("RGB", (32, 24), (20, 20, 30)).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("x")
    assert main(["enhance", str(tmp_path), "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "a.png -> a.jpg\n"
    assert "1 to render" in printed.err
    (tmp_path / "empty").mkdir()
    assert main(["enhance", str(tmp_path / "empty")]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "llflow_photo", "--version"],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    assert re.match(r"llflow-photo \d+\.\d+", done.stdout)


def test_system_errors_are_reported_before_rendering(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WriteError, match="absent is not a folder; create it"):
        enhance_file(photo, tmp_path / "absent" / "x.jpg")
    (tmp_path / "file").write_text("")
    assert main(["enhance", str(photo), "-o", str(tmp_path / "file" / "out")]) == 1
    assert "not a directory; choose another --output" in capsys.readouterr().err


def test_a_photo_that_may_not_be_read(
    photo: Path,
    tiny_model: Path,
    tmp_path: Path,
    deny: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["enhance", str(photo), "-o", str(tmp_path / "out"), "--model", str(tiny_model)]
    deny("night.png")
    assert main(arguments) == 1
    wanted = f"error: {photo} may not be read; check its permissions and those of its folder"
    assert capsys.readouterr().err.strip() == wanted
    with pytest.raises(ReadError, match=r"night\.png: the file may not be read; check its permissions"):
        files.read(photo)
    stat = os.stat

    def refuse(path: Any, *args: Any, **more: Any) -> os.stat_result:
        if str(path) == str(photo):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *args, **more)

    monkeypatch.setattr(os, "stat", refuse)  # in a folder that may not be entered
    assert main(arguments) == 1
    assert capsys.readouterr().err.strip() == wanted


def test_an_output_folder_that_may_not_be_written(
    photo: Path,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(path: Path, *_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    out = tmp_path / "out"
    assert main(["enhance", str(photo), "-o", str(out), "--model", str(tiny_model)]) == 1
    wanted = f"error: {photo}: {out} may not be accessed; check its permissions, or choose another --output"
    assert capsys.readouterr().err.strip() == wanted


@pytest.mark.parametrize("wrong", ["pipe.png", "empty.jpg", "folder.jpg/none.png", "wide.png"])
def test_no_model_is_loaded_for_what_cannot_be_rendered(
    wrong: str,
    tiny_model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "empty.jpg").touch()
    Image.new("RGB", (16_384, 2)).save(tmp_path / "wide.png")
    loaded: list[object] = []
    monkeypatch.setattr("llflow_photo.api.load_enhancer", lambda *given, **_: loaded.append(given))
    arguments = ["-o", str(tmp_path / "out"), "--format", "webp", "--model", str(tiny_model)]
    assert main(["enhance", str(tmp_path / wrong), *arguments]) == 1
    assert wrong in capsys.readouterr().err
    assert not loaded


@pytest.mark.parametrize(("device", "code"), [("nowhere", 2), ("cuda:99", 1)])
def test_an_unavailable_device_is_reported_once(
    device: str,
    code: int,
    photo: Path,
    tiny_model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photos = [str(photo), str(photo)]
    arguments = ["--device", device, "-o", str(tmp_path / "out"), "--model", str(tiny_model)]
    assert main(["enhance", *photos, *arguments]) == code
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_unexpected_errors_are_one_line_without_debug(
    photo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("moon")

    monkeypatch.setattr("llflow_photo.cli.enhance.options_of", broken)
    assert main(["enhance", str(photo)]) == 1
    printed = capsys.readouterr().err.strip()
    assert printed.startswith("error: KeyError: 'moon'")
    assert "--debug" in printed
    assert "\n" not in printed
    with pytest.raises(KeyError):
        main(["enhance", str(photo), "--debug"])
