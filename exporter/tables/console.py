"""Where tables are printed to."""

import sys
from typing import NoReturn, TextIO

from rich.console import Console

PIPED_WIDTH = 160
"""Columns when the output is not a terminal: wide enough for every table."""


class PlainConsole(Console):
    """A console that leaves a closed pipe to the command line's own handling."""

    def on_broken_pipe(self) -> NoReturn:
        """Let the error through."""
        raise BrokenPipeError


def console(file: TextIO | None = None) -> Console:
    """Return a console on `file`, stdout when None; nothing but what a table styles itself is coloured."""
    target = file or sys.stdout
    return PlainConsole(file=target, highlight=False, width=None if target.isatty() else PIPED_WIDTH)
