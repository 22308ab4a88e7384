"""Commands that mend an installation, ready to be typed."""

from __future__ import annotations

import json
import shutil
import sys
from importlib import metadata
from pathlib import Path

from . import __version__

__all__ = ["PACKAGE", "files_again", "pip_install"]

PACKAGE = "llflow-photo"


def pip_install(what: str) -> str:
    """The command that installs something into this environment, whatever ``pip`` on the PATH belongs to."""
    pip, here = shutil.which("pip"), Path(sys.executable).parent
    return (
        f"pip install {what}"
        if pip and Path(pip).parent == here
        else f"{sys.executable} -m pip install {what}"
    )


def files_again() -> str:
    """The command that brings this package's own files back, from where they came."""
    root = Path(__file__).parent.parent
    if (root / ".git").exists():
        return f"git -C {root} checkout -- llflow_photo/models"
    try:
        told = metadata.distribution(PACKAGE).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        told = None
    source = json.loads(told)["url"].removeprefix("file://") if told else f"{PACKAGE}=={__version__}"
    return pip_install(f"--force-reinstall --no-deps {source}")
