"""Batches: a folder of photos, unattended. Knows no torch."""

from __future__ import annotations

from .folder import enhance_dir
from .progress import Event
from .report import BatchInterrupted, Report
from .row import Look, Row

__all__ = ["BatchInterrupted", "Event", "Look", "Report", "Row", "enhance_dir"]
