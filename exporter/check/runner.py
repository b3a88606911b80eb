"""Reads every source and compares it with the journal as of the record that the source itself has reached.

So nothing has to stand still. What is not equal is read again until it is, or until it stays the same although nothing
moves, or until the patience ends.
"""

import asyncio
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from exporter.check.figures import compare
from exporter.check.journal import Walk, own_tables
from exporter.check.report import GOOD, Report, SourceReport, Verdict
from exporter.check.source import Excuse, NotReadError, Place, Reading, Source
from exporter.config import Config
from exporter.errors import UserError
from exporter.journal import Database

PATIENCE_S = 20.0
"""How long a source may take to catch up, to refresh what came late, or to come to rest."""
PAUSE_S = 0.3


async def check(
    path: Path,
    config: Config,
    sources: Sequence[Source],
    *,
    patience_s: float | None = None,
    most_events: int | None = None,
) -> Report:
    """Compare the sources with the journal at `path`; raises `UserError` when that cannot be read.

    `patience_s` is `PATIENCE_S` when None. The events of a journal with more than `most_events` are not added up.
    """
    database = Database(path, readonly=True)
    try:
        return await _Check(config, database, most_events).run(
            sources, PATIENCE_S if patience_s is None else patience_s
        )
    except sqlite3.Error as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    finally:
        database.close()


class _Check:
    def __init__(self, config: Config, database: Database, most_events: int | None) -> None:
        self._config = config
        self._database = database
        self._most_events = most_events
        self._reports: dict[str, SourceReport] = {}

    async def run(self, sources: Sequence[Source], patience_s: float) -> Report:
        deadline = time.monotonic() + patience_s
        walk = await self._attempt(sources)
        journal = await asyncio.to_thread(self._judge_journal, walk)
        pending = [source for source in sources if self._reports[source.name].verdict not in GOOD]
        while pending and time.monotonic() < deadline:
            await asyncio.sleep(PAUSE_S)
            before = dict(self._reports)
            await self._attempt(pending)
            pending = [source for source in pending if not self._settled(source.name, before)]
        reports = [journal, *(self._reports[source.name] for source in sources)]
        return Report(all(each.verdict in GOOD for each in reports), self._database.uuid, reports)

    def _settled(self, name: str, before: Mapping[str, SourceReport]) -> bool:
        """Tell whether there is nothing to wait for: it is good, or it stays as it is."""
        now = self._reports[name]
        if now.verdict in GOOD:
            return True
        if now != before[name]:
            return False
        if now.verdict is Verdict.MOVING:
            self._reports[name] = msgspec.structs.replace(now, verdict=Verdict.DIFFERS, reason="")
        somebody_moves = all(each.verdict is not Verdict.NOT_RUNNING for each in self._reports.values())
        return now.verdict is not Verdict.BEHIND or not somebody_moves

    async def _attempt(self, sources: Sequence[Source]) -> Walk:
        """Read sources and judge them; returns the walk, at the journal's newest record."""
        walk = Walk(self._database, self._config)
        results = await asyncio.gather(*(self._read(source) for source in sources))
        named = {source.name: result for source, result in zip(sources, results, strict=True)}
        await asyncio.to_thread(self._judge, walk, named)
        return walk

    async def _read(self, source: Source) -> Reading | NotReadError:
        try:
            return await source.read(self._database.uuid)
        except NotReadError as error:
            return error

    def _judge(self, walk: Walk, results: Mapping[str, Reading | NotReadError]) -> None:
        readings = {name: result for name, result in results.items() if isinstance(result, Reading)}
        found = {
            name: SourceReport(name, result.verdict, result.reason)
            for name, result in results.items()
            if isinstance(result, NotReadError)
        }
        for place in walk.stops([reading.place for reading in readings.values()]):
            for name, reading in readings.items():
                if reading.place == place:
                    found[name] = _compared(name, reading, walk)
        for name, reading in readings.items():
            report = found.get(name) or _missed(name, reading, walk)
            found[name] = _if_it_moves(report, self._reports.get(name), walk)
        self._reports |= found

    def _judge_journal(self, walk: Walk) -> SourceReport:
        tables, gone = own_tables(self._database.path, walk, self._most_events)
        report = _compared("journal", Reading(Place(seq=walk.seq), tables), walk)
        if gone and report.verdict is Verdict.EQUAL:
            return msgspec.structs.replace(report, reason=f"{gone:,} old events are not in it, their sums are")
        return report


def _compared(name: str, reading: Reading, walk: Walk) -> SourceReport:
    """Compare a reading with the journal as of the place that was reached."""
    differences = tuple(each for table in reading.tables for each in compare(table, walk.ledger))
    excuse = reading.excuse or Excuse(Verdict.DIFFERS, "")
    return SourceReport(
        name,
        excuse.verdict if differences else Verdict.EQUAL,
        excuse.reason if differences else "",
        tuple(table.name for table in reading.tables),
        sum(len(table.figures) for table in reading.tables),
        walk.seq if reading.place.seq is not None else None,
        walk.events,
        differences,
    )


def _missed(name: str, reading: Reading, walk: Walk) -> SourceReport:
    """Judge a reading whose place is before the journal's checkpoint or after its end."""
    seq = reading.place.seq
    if seq is None:
        return _compared(name, reading, walk)
    if seq > walk.seq:
        reason = f"it is at record {seq:,}, which this journal does not have: its newest is {walk.seq:,}"
        return SourceReport(name, Verdict.STRANGE, reason, seq=seq)
    return SourceReport(name, Verdict.BEHIND, f"it is at record {seq:,}, the journal at {walk.seq:,}", seq=seq)


def _if_it_moves(report: SourceReport, before: SourceReport | None, walk: Walk) -> SourceReport:
    """Accept that a source is equal as of an earlier record only when it is seen to follow."""
    at, newest = (report.events, walk.events) if report.seq is None else (report.seq, walk.seq)
    then = None if before is None else before.events if report.seq is None else before.seq
    if report.verdict is not Verdict.EQUAL or at == newest or (at and then is not None and at > then):
        return report
    place = "event" if report.seq is None else "record"
    reason = f"it is right as of {place} {at or 0:,}, but the journal is at {newest:,}"
    return msgspec.structs.replace(report, verdict=Verdict.BEHIND, reason=reason)
