"""What a source is to the check: something that can be read, as of one record of the journal."""

from typing import Protocol

import msgspec

from exporter.check.figures import Table
from exporter.check.report import Verdict


class Place(msgspec.Struct, frozen=True):
    """A place in a journal: after the record `seq`, or (None) after so many events."""

    seq: int | None = None
    events: int | None = None


class Excuse(msgspec.Struct, frozen=True):
    """Why a difference may be gone when the source is read again, and what to call it if it is not."""

    verdict: Verdict
    reason: str


class Reading(msgspec.Struct, frozen=True):
    """What a source held as of one place; `excuse` when some of it may have been of another."""

    place: Place
    tables: list[Table]
    excuse: Excuse | None = None


class NotReadError(Exception):
    """A source could not be read; the message says why."""

    def __init__(self, verdict: Verdict, reason: str = "") -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


class Source(Protocol):
    """A store, or the running exporter."""

    name: str

    async def read(self, journal: str) -> Reading:
        """Read everything; `journal` is the uuid of the journal it should follow. Raises `NotReadError`."""


class Unconfigured:
    """In place of a store that the configuration does not have."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def read(self, journal: str) -> Reading:
        """Say so."""
        del journal
        raise NotReadError(Verdict.NOT_CONFIGURED)
