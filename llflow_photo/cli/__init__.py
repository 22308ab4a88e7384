"""The command line ``llflow-photo``: arguments to options, progress, exit codes."""

from .main import main

__all__ = ["main"]
