"""The command line ``llflow-photo``: arguments, progress, exit codes."""

from .main import main

__all__ = ["main"]
