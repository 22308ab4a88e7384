"""Check the installation, the device and the models, with a command for everything that is missing.

`examine` returns findings and changes nothing. Required and optional packages are read from the metadata of
the installed package, so that this module does not repeat the list of dependencies.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from . import __version__
from .errors import LLFlowPhotoError
from .install_hints import PACKAGE, pip_install, restore_files, shell_quoted
from .options import DEFAULT_MODEL

if TYPE_CHECKING:
    from .models import Card, Unusable

__all__ = ["Finding", "Level", "Requirement", "examine", "requirements"]

Level = Literal["ok", "hint", "problem"]

_FOR_DEVELOPERS = ("docs", "lint", "test")
_QT = ("PySide6", "PyQt6", "PyQt5", "PySide2")
_QT_LIBRARIES = "libegl1 libgl1 libdbus-1-3 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1"
_MODULES = {"pillow": "PIL"}  # distributions whose module has another name
_LITTLE_MEMORY = 2 << 30
_GIB = 2**30


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        level: ``ok``; ``hint`` if something optional is missing or could be improved; ``problem`` if photos
            cannot be enhanced until it is fixed.
        area: group of the check: ``program``, ``packages``, ``device``, ``models``, ``trial``, ``extras``.
        subject: what was checked.
        text: what was found.
        command: shell command that fixes it; empty if there is nothing to fix.
    """

    level: Level
    area: str
    subject: str
    text: str
    command: str = ""


@dataclass(frozen=True)
class Requirement:
    """A dependency of this package.

    Attributes:
        name: of the distribution.
        minimum: lowest version that works; empty for any version.
        extra: the extra that requires it; empty if it is always required.
    """

    name: str
    minimum: str
    extra: str


def examine(device: str = "auto") -> tuple[Finding, ...]:
    """Check everything that is needed to enhance photos, and enhance a small test image.

    Args:
        device: to check, as in `Options`.

    Returns:
        findings, ordered by area. At least one is a ``problem`` if photos cannot be enhanced on this machine.
    """
    packages = list(_packages())
    findings = [*_program(), *packages]
    if all(finding.level != "problem" for finding in packages):
        findings += [*_machine(device), *_models()]
        if all(finding.level != "problem" for finding in findings):
            findings.append(_trial(device))
    return (*findings, *_extras())


def requirements() -> tuple[Requirement, ...]:
    """Dependencies in the metadata of the installed package; empty if the package is not installed."""
    try:
        lines = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return ()
    return tuple(requirement for line in lines if (requirement := _parsed(line)) is not None)


def _parsed(line: str) -> Requirement | None:
    found = re.match(r"\s*([A-Za-z0-9._-]+)\s*(\[[^]]*\])?", line)
    if found is None or found[1].lower() == PACKAGE:
        return None
    minimum, extra = re.search(r">=\s*([\w.]+)", line), re.search(r"extra\s*==\s*['\"]([\w.-]+)['\"]", line)
    return Requirement(found[1], minimum[1] if minimum else "", extra[1] if extra else "")


def _program() -> Iterator[Finding]:
    where = Path(__file__).parent
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    yield Finding("ok", "program", PACKAGE, f"{__version__} in {where}; {system}")
    if not requirements():
        text = "runs from its source folder without being installed, so its dependencies cannot be checked"
        yield Finding("hint", "program", "installation", text, pip_install(str(where.parent)))


def _packages() -> Iterator[Finding]:
    for needed in requirements():
        if not needed.extra:
            finding = _package(needed, "packages", "problem", pip_install(shell_quoted(_specifier(needed))))
            yield _loaded(finding) if finding.level == "ok" else finding


def _loaded(finding: Finding) -> Finding:
    """The finding, or a problem if the package cannot be imported; torch is checked with the device."""
    name = _MODULES.get(finding.subject.lower(), finding.subject)
    try:
        if name != "torch":
            importlib.import_module(name)
    except (ImportError, OSError) as error:
        text = f"{finding.text} is installed but cannot be loaded: {_first_line(error)}"
        command = pip_install(f"--force-reinstall --no-deps {finding.subject}")
        return Finding("problem", finding.area, finding.subject, text, command)
    return finding


def _package(needed: Requirement, area: str, missing: Level, command: str) -> Finding:
    installed = _version(needed.name)
    if installed is None:
        return Finding(missing, area, needed.name, "not installed", command)
    if _numbers(installed) < _numbers(needed.minimum):
        text = f"{installed} is too old, the oldest supported version is {needed.minimum}"
        return Finding(missing, area, needed.name, text, pip_install(shell_quoted(_specifier(needed))))
    return Finding("ok", area, needed.name, installed)


def _specifier(needed: Requirement) -> str:
    return f"{needed.name}>={needed.minimum}" if needed.minimum else needed.name


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """``2.13.0+cpu`` to (2, 13, 0): the leading integers of a version."""
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in release[0].split(".")) if release else ()


def _machine(name: str) -> Iterator[Finding]:
    try:
        import torch

        from .engine.memory import free_bytes
        from .engine.runner import resolve_device
    except (ImportError, OSError) as error:
        text = f"torch is installed but cannot be loaded: {_first_line(error)}"
        yield Finding("problem", "device", "torch", text, pip_install("--force-reinstall torch"))
        return
    try:
        device = resolve_device(name)
    except LLFlowPhotoError as error:
        yield Finding("problem", "device", "device", str(error), "llflow-photo doctor --device auto")
        return
    described = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    yield Finding("ok", "device", "device", f"{device} ({described})")
    if device.type != "cuda" and shutil.which("nvidia-smi"):
        text = "this machine has an NVIDIA GPU, but the installed torch cannot use it"
        yield Finding("hint", "device", "GPU", text, pip_install("--force-reinstall torch"))
    yield _threads(torch.get_num_threads())
    yield _main_memory()
    if device.type != "cpu":
        yield _memory(f"memory of {device}", free_bytes(device))


def _threads(threads: int) -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS")
    if limit is not None and threads < cores:
        text = f"{threads} of {cores}, because OMP_NUM_THREADS is {limit}"
        return Finding("hint", "device", "threads", text, "unset OMP_NUM_THREADS")
    return Finding("ok", "device", "threads", f"{threads}, on {cores} processors")


def _main_memory() -> Finding:
    """Total and free memory, and what limits it."""
    from .machine import memory

    found = memory()
    finding = _memory("memory", found.available)
    limit = "a container's limit" if found.limited else "the machine's memory"
    return replace(finding, text=f"{found.total / _GIB:.1f} GiB ({limit}), {finding.text}")


def _memory(subject: str, free: int) -> Finding:
    text = f"{free / _GIB:.1f} GiB free"
    if free < _LITTLE_MEMORY:
        return Finding("hint", "device", subject, f"{text}; large photos will be slow; close other programs")
    return Finding("ok", "device", subject, text)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _models() -> Iterator[Finding]:
    from .models import listing

    cards, unusable = listing()
    for card in cards:
        yield _weights(card)
    for other in unusable:
        yield _unusable(other)
    if DEFAULT_MODEL not in {card.name for card in cards} | {other.path.stem for other in unusable}:
        text = "the default model's weights are missing"
        yield Finding("problem", "models", DEFAULT_MODEL, text, restore_files())


def _weights(card: Card) -> Finding:
    """Whether the weights are those that the card describes."""
    from .models.card import checksum
    from .models.registry import is_shipped

    try:
        size = f"{card.path.stat().st_size / 1e6:.1f} MB"
        found = checksum(card.path) if card.sha256 else ""
    except OSError as error:
        text = f"{card.path} cannot be read: {error.strerror or error}"
        return Finding(_level(card.path), "models", card.name, text, _restore(card.path))
    if not card.sha256:
        return Finding("ok", "models", card.name, f"{size}, no checksum to verify, {card.path}")
    if found == card.sha256:
        return Finding("ok", "models", card.name, f"{size}, checksum correct, license: {card.licence}")
    text = f"{card.path} is damaged: its checksum differs"
    if is_shipped(card.path):
        return Finding(_level(card.path), "models", card.name, text, restore_files())
    beside = card.path.with_suffix(".json").name
    text = f"{text} from that of its card; copy it again, or remove {beside} if you changed it"
    return Finding(_level(card.path), "models", card.name, text)  # no command: it could lose the card


def _unusable(other: Unusable) -> Finding:
    """The finding about a file of a models folder that cannot be used."""
    return Finding(_level(other.path), "models", other.path.stem, other.reason, _restore(other.path))


def _restore(path: Path) -> str:
    """The command that repairs a file of weights or its card, if there is one that loses nothing."""
    from .models.registry import is_shipped

    if is_shipped(path):
        return restore_files()
    return f"rm {shell_quoted(str(path))}" if path.is_symlink() and not path.exists() else ""


def _level(path: Path) -> Level:
    return "problem" if path.stem == DEFAULT_MODEL else "hint"


def _trial(device: str) -> Finding:
    """Enhance a small synthetic image with the default model."""
    import numpy as np

    from .api import enhance, load_enhancer

    ramp = np.linspace(0.0, 0.2, 64, dtype=np.float32)
    night = np.stack([np.outer(ramp, ramp) ** 0.5 * tint for tint in (1.0, 0.8, 0.6)], axis=2)
    try:
        bright = enhance(night, device=device)
        precision = load_enhancer(DEFAULT_MODEL, device=device).precision
    except (LLFlowPhotoError, RuntimeError, OSError) as error:
        text = f"enhancing a test image failed: {_first_line(error)}"
        return Finding("problem", "trial", "trial", text, "llflow-photo doctor --device cpu")
    text = f"mean of a test image raised from {night.mean():.2f} to {bright.mean():.2f}, in {precision}"
    return Finding("ok", "trial", "trial", text)


def _extras() -> Iterator[Finding]:
    by_extra: dict[str, list[Requirement]] = {}
    for needed in requirements():
        if needed.extra and needed.extra not in _FOR_DEVELOPERS:
            by_extra.setdefault(needed.extra, []).append(needed)
    for extra, parts in sorted(by_extra.items()):
        command = pip_install(shell_quoted(f"{PACKAGE}[{extra}]"))
        findings = [_package(part, "extras", "hint", command) for part in parts]
        missing = [f for f in findings if f.level != "ok"]
        if missing:
            summary = ", ".join(f"{finding.subject} {finding.text}" for finding in missing)
            yield Finding("hint", "extras", extra, summary, command)
        else:
            yield Finding("ok", "extras", extra, ", ".join(f"{f.subject} {f.text}" for f in findings))
    if _version("napari"):
        yield _qt()


def _qt() -> Finding:
    """Whether Qt can be loaded, tried in a separate process, so that this one does not load Qt."""
    bindings = [f"{binding} {version}" for binding in _QT if (version := _version(binding))]
    if not bindings:
        text = "napari needs a Qt binding to open a window"
        return Finding("hint", "extras", "Qt", text, pip_install("pyside6"))
    trial = [sys.executable, "-c", "from qtpy.QtWidgets import QApplication"]
    try:
        done = subprocess.run(trial, capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(
            "hint", "extras", "Qt", f"{', '.join(bindings)} could not be tested: {_first_line(error)}"
        )
    if done.returncode == 0:
        return Finding("ok", "extras", "Qt", ", ".join(bindings))
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    command = f"sudo apt-get install {_QT_LIBRARIES}" if shutil.which("apt-get") else ""
    return Finding("hint", "extras", "Qt", f"{', '.join(bindings)} cannot be loaded: {last}", command)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
