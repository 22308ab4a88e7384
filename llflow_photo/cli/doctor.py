"""``doctor``: check the installation, and show how to fix what is missing."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from ..doctor import Finding, examine
from .console import output

__all__ = ["add_commands"]

_SHOWN = {"ok": "[green]ok[/]     ", "hint": "[yellow]hint[/]   ", "problem": "[bold red]PROBLEM[/]"}


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="check the installation, and show commands that fix it",
        description="Check the installation, the device, the models and the optional packages, and enhance a "
        "test image. Nothing is changed. Exit code 0 if photos can be enhanced here, else 1.",
    )
    parser.add_argument("--device", default="auto", metavar="NAME", help="device to check (default: auto)")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    findings = examine(args.device)
    problems = [finding.subject for finding in findings if finding.level == "problem"]
    if args.json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2) + "\n")
    else:
        _show(findings)
        named = escape(", ".join(problems))
        output().print(
            f"\nPhotos cannot be enhanced until this is fixed: {named}."
            if problems
            else "\nPhotos can be enhanced here."
        )
    return 1 if problems else 0


def _show(findings: tuple[Finding, ...]) -> None:
    console = output()
    width = max(len(finding.subject) for finding in findings)
    area = ""
    for finding in findings:
        if finding.area != area:
            area = finding.area
            console.print(f"[bold]{area}[/]")
        line = f"  {_SHOWN[finding.level]} {escape(finding.subject.ljust(width))}  {escape(finding.text)}"
        console.print(line, soft_wrap=True)
        if finding.command:
            indent = " " * (width + 12)
            console.print(f"{indent}fix it: [bold]{escape(finding.command)}[/]", soft_wrap=True)
