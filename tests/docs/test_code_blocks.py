"""Runs every command and all Python code of the documentation.

Fenced blocks are taken from README.md and docs/. The Python blocks of a page run in sequence and share their
names; of shell blocks, the lines that begin with ``llflow-photo`` run. A block that cannot run is preceded by
a comment ``<!-- not run: REASON -->``. Commands that would take long are shortened by additional arguments.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from released_names import released_names

from llflow_photo.camera import develop, night, simulate_night_raw, write_frame_dng
from llflow_photo.cli import main
from llflow_photo.cli.main import build_parser
from llflow_photo.flow import DenseSize, LLFlow, Size
from llflow_photo.models.store import save

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"^(?P<comment><!--[^\n]*-->\n)?```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$", re.M | re.S
)
MOST_NOT_RUN = 4
TINY = "--crop 32 --batch 2 --validation-scenes 1 --threads 1"
SHORTENED = {
    "llflow-photo train": {"--resume": "--steps 3 --crop 32 --batch 2", "": f"--steps 2 {TINY}"},
    "llflow-photo evaluate": {"--held-out": "--held-out 2", "": ""},
}
NETWORK = {
    "--model compact": "--model widths=8+8+8,down=1+1+1,up=1+1,vector=8,steps=1,hidden=8",
    "--model small": "--model features=8,growth=4,blocks=1,steps=1,hidden=8",
}


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    language: str
    text: str
    not_run: str

    def commands(self) -> Iterator[str]:
        """Its lines that call llflow-photo, with continued lines joined and comments removed."""
        for line in self.text.replace("\\\n", " ").splitlines():
            command = line.removeprefix("$ ").split("  #")[0].split(" # ")[0].strip()
            if command.startswith("llflow-photo "):
                yield command


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        reason = re.fullmatch(r"<!-- not run: (.+) -->\n", match["comment"] or "")
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, match["language"], match["text"], reason[1] if reason else ""))
    return found


def to_run(page: Path) -> list[Block]:
    """The blocks of a page that can be run, in order."""
    languages = ("python", "sh", "console", "bash")
    chosen = [block for block in blocks(page) if block.language in languages and not block.not_run]
    return [block for block in chosen if block.language == "python" or list(block.commands())]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all files that the documentation uses; folders of photos are rendered by one process."""
    monkeypatch.setattr("llflow_photo.batch.workers.placement._cores", lambda: 1)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LLFLOW_PHOTO_MODELS", str(tmp_path / "users"))
    monkeypatch.chdir(tmp_path)
    picture = np.random.default_rng(0).integers(20, 230, (10, 12, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    frame = simulate_night_raw(picture, night(-4.0, "tungsten"), np.random.default_rng(1))
    write_frame_dng(tmp_path / "night.dng", frame)
    raw = (tmp_path / "night.dng").read_bytes()
    Image.fromarray(np.rint(develop(frame) * 255).astype(np.uint8)).save(tmp_path / "night.jpg")
    for folder in ("night-raws", "sample_images"):
        (tmp_path / folder / "trip").mkdir(parents=True)
        (tmp_path / folder / "one.dng").write_bytes(raw)
    Image.fromarray(picture // 8).save(tmp_path / "night-raws" / "trip" / "two.png")
    Image.fromarray(picture // 8).save(tmp_path / "sample_images" / "coffee-tungsten.jpg")
    (tmp_path / "IMG_0815.NEF").write_bytes(raw)
    for number in range(5):
        for kind, part in (("low", 8), ("high", 1)):
            (tmp_path / "pairs" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.roll(picture, 8 * number, 1) // part).save(
                tmp_path / "pairs" / kind / f"{number}.png"
            )
        (tmp_path / "clean").mkdir(exist_ok=True)
        Image.fromarray(np.roll(picture, number, 0)).save(tmp_path / "clean" / f"{number}.png")
    (tmp_path / "LOL").symlink_to(tmp_path / "pairs")
    (tmp_path / "PHOTOS").symlink_to(tmp_path / "clean")
    size = Size(DenseSize(8, 4, 1, (0,)), steps=1, hidden=8)
    torch.save({"params": released_names(LLFlow(size).state_dict(), size)}, tmp_path / "LOL_smallNet.pth")
    (tmp_path / "before").mkdir()
    for name in ("lol-compact", "night-compact"):  # by git
        save(LLFlow(size).state_dict(), size, tmp_path / "before" / f"{name}.safetensors")
    return tmp_path


def run_command(command: str) -> None:
    """Run one command line in this process, shortened if it would take long."""
    for start, additions in SHORTENED.items():
        if command.startswith(start):
            command += " " + next(more for sign, more in additions.items() if sign in command)
            for written, small in NETWORK.items():
                command = command.replace(written, small)
    words = [os.path.expanduser(word) for word in shlex.split(command)[1:]]
    try:
        code = main(words)
    except SystemExit as wrong_usage:
        code = int(wrong_usage.code or 0)
    assert code == 0, f"exit code {code}: {command}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if to_run(page)], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_the_code_of_a_page_runs(page: Path, place: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in to_run(page):
        where = f"{page.relative_to(ROOT)}, line {block.line}"
        if block.language == "python":
            exec(compile("\n" * block.line + block.text, where, "exec"), names)
        else:
            for command in block.commands():
                run_command(command)


def test_blocks_that_are_not_run_are_few_and_give_a_reason() -> None:
    every = [block for page in PAGES for block in blocks(page)]
    assert len(every) > 20
    left_out = [block for block in every if block.not_run]
    assert len(left_out) <= MOST_NOT_RUN, left_out
    assert all(len(block.not_run) > 10 for block in left_out)


def test_named_scripts_extras_and_flags_exist() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = set(tomllib.load(file)["project"]["optional-dependencies"])
    flags = {flag for command in _commands() for action in command._actions for flag in action.option_strings}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for script in re.findall(r"\b(?:scripts|benchmarks)/[\w/]+\.(?:py|sh)\b", text):
            assert (ROOT / script).is_file(), f"{page}: {script}"
        for named in re.findall(r"(?:llflow-photo|\.)\[([a-z,]+)\]", text):
            assert set(named.split(",")) <= extras, f"{page}: [{named}]"
        others = re.compile(r"\b(pip|apt|git|mkdocs|torchrun)\b|python benchmarks/")
        ours = [line for line in text.splitlines() if not others.search(line)]
        for flag in re.findall(r"(?<=[`\s])--[a-z][a-z-]+", "\n".join(ours)):
            assert flag in flags, f"{page}: {flag}"


def _commands() -> list[Any]:
    parser = build_parser()
    choices: list[Any] = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
    return [parser, *choices[0].values()]
