"""Shell commands that fix an installation."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from . import __version__

__all__ = ["PACKAGE", "pip_install", "restore_files", "shell_quoted"]

PACKAGE = "llflow-photo"


def shell_quoted(text: str) -> str:
    """A word of a command, quoted where the shell of this system needs it."""
    if sys.platform == "win32":  # cmd.exe takes single quotes literally
        return subprocess.list2cmdline([text])
    return shlex.quote(text)


def pip_install(what: str) -> str:
    """The command that installs ``what`` into this environment, even if ``pip`` is that of another one."""
    pip, here = shutil.which("pip"), Path(sys.executable).parent
    return (
        f"pip install {what}"
        if pip and Path(pip).parent == here
        else f"{sys.executable} -m pip install {what}"
    )


def restore_files() -> str:
    """The command that restores the files of this package from their original source."""
    root = Path(__file__).parent.parent
    if (root / ".git").exists():
        return f"git -C {shell_quoted(str(root))} checkout -- llflow_photo/models"
    try:
        text = metadata.distribution(PACKAGE).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        text = None
    source = json.loads(text)["url"].removeprefix("file://") if text else f"{PACKAGE}=={__version__}"
    return pip_install(f"--force-reinstall --no-deps {shell_quoted(source)}")
