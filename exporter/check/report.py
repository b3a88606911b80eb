"""What a check found."""

from enum import Enum

import msgspec

from exporter.check.figures import Difference


class Verdict(Enum):
    """What became of a source."""

    EQUAL = "equal"
    DIFFERS = "differs"
    MOVING = "moving"
    """It changed while it was read, every time, so that what differs may be due to that."""
    BEHIND = "behind"
    """It lacks records that the journal has."""
    STRANGE = "strange"
    """It does not hold this journal's records."""
    UNREACHABLE = "unreachable"
    NOT_RUNNING = "not running"
    NOT_CONFIGURED = "not configured"


GOOD = (Verdict.EQUAL, Verdict.NOT_RUNNING, Verdict.NOT_CONFIGURED)


class SourceReport(msgspec.Struct, frozen=True):
    """One source: its verdict, why, and as of which record it was compared.

    `tables` are the names of what was compared, `figures` how many; `seq` and `events` tell the record: its number and
    how many events there are up to it.
    """

    source: str
    verdict: Verdict
    reason: str = ""
    tables: tuple[str, ...] = ()
    figures: int = 0
    seq: int | None = None
    events: int | None = None
    differences: tuple[Difference, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """All sources. `journal` is the uuid of the journal that all were compared with."""

    equal: bool
    journal: str
    sources: list[SourceReport]
