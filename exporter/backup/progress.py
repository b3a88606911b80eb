"""What is said on stderr while a backup is made or put back: one line a step, with sizes."""

import sys
import time

from exporter.tables.numbers import size

EVERY_S = 0.5


class Progress:
    """Tells of steps; where somebody watches, also how far the step at hand is."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._said = 0.0
        self._width = 0

    def at(self, what: str, share: float) -> None:
        """Say which share of a step is done, from 0 to 1."""
        self._passing(f"{what} {share:.0%}")

    def grown(self, what: str, written: int) -> None:
        """Say how many bytes a step has written."""
        self._passing(f"{what} {size(written)}")

    def done(self, what: str, *details: str) -> None:
        """Say that a step is done."""
        self._write(f"{what:<10} {', '.join(details)}", "\n")
        self._width = 0

    def _passing(self, text: str) -> None:
        if self._watched and time.monotonic() - self._said >= EVERY_S:
            self._said = time.monotonic()
            self._write(text, "")

    def _write(self, text: str, end: str) -> None:
        sys.stderr.write(f"{chr(13) if self._width else ''}{text:<{self._width}}{end}")
        sys.stderr.flush()
        self._width = len(text) if self._watched else 0
