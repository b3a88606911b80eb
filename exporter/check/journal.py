"""The journal as the measure: the figures as of any record since its last checkpoint, and its own two accounts."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from exporter.cells import ALL
from exporter.check.figures import Figures, Kind, Table, exchange_sums, ladder_sums, put
from exporter.check.source import Place
from exporter.config import Config
from exporter.journal import Database
from exporter.ledger import Ledger
from exporter.levels import Levels
from exporter.model import Liquidation, Record

NO_MINUTES = 1 << 60
"""Windows are not compared, so their minutes are not read."""


class Walk:
    """Ledger and price levels as of the journal's checkpoint, on their way to its newest record.

    Sources are to be read after this was made: each is then at the checkpoint or past it, unless it lags.
    """

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        checkpoint = database.checkpoint(NO_MINUTES)
        self.ledger = Ledger(config.enabled_exchanges(), config.metrics.bases, config.metrics.base_cap)
        self.ledger.restore(checkpoint.cells, checkpoint.seq)
        self.levels = Levels()
        self.levels.restore(checkpoint.levels)
        self.seq = checkpoint.seq
        self.events = sum(cell.events for cell in self.ledger.cells.values() if cell.key[1] == ALL)

    def stops(self, places: Sequence[Place]) -> Iterator[Place]:
        """Go to the newest record, and stop at every place that can be reached; the others are never returned."""
        waiting = [place for place in places if not self._past(place)]
        for record in self._database.records(self.seq):
            reached = [place for place in waiting if self._is_at(place, record.seq)]
            yield from reached
            waiting = [place for place in waiting if place not in reached]
            self._take(record)
        yield from (place for place in waiting if self._is_at(place, self.seq + 1))

    def _past(self, place: Place) -> bool:
        return (place.seq or 0) < self.seq if place.events is None else place.events < self.events

    def _is_at(self, place: Place, following: int) -> bool:
        if place.events is not None:
            return place.events == self.events
        return self.seq <= (place.seq or 0) < following

    def _take(self, record: Record) -> None:
        if isinstance(record.entry, Liquidation):
            self.ledger.apply(record.seq, record.entry)
            self.levels.apply(record.entry)
            self.events += 1
        self.seq = record.seq


def own_tables(path: Path, walk: Walk, most_events: int | None) -> tuple[list[Table], int]:
    """Return the journal's other accounts of itself, and how many of its events are not in it.

    They are the sums over coins, over price levels, and over events as far as it has them: old ones are deleted, and a
    journal that was restored from a database never had them. More than `most_events` are not added up.
    """
    tables = [
        Table("coins", Kind.EXCHANGES, exchange_sums(walk.ledger)),
        Table("levels", Kind.LEVELS, ladder_sums(walk.levels)),
    ]
    if most_events is not None and _held(path) > most_events:
        return tables, 0
    events, count = _sum_events(path, walk.seq)
    return [*tables, Table("events", Kind.COINS, events, partial=True)], walk.events - count


def _held(path: Path) -> int:
    """Return at least how many events the journal holds, without counting them."""
    with _opened(path) as db:
        ((held,),) = db.execute("SELECT ifnull((SELECT max(seq) FROM events) - (SELECT min(seq) FROM events) + 1, 0)")
    return int(held)


def _sum_events(path: Path, last_seq: int) -> tuple[Figures, int]:
    """Sum the events up to a record; returns also how many they are."""
    figures: Figures = {}
    count = 0
    query = (
        "SELECT exchange, base, side, count(*), sum(base_quantity), sum(notional_usd) FROM events "
        "WHERE seq <= ? GROUP BY exchange, base, side"
    )
    with _opened(path) as db:
        for exchange, base, side, events, quantity, usd in db.execute(query, (last_seq,)):
            put(figures, (exchange, base, side), events, quantity, usd)
            count += events
    return figures, count


def _opened(path: Path) -> "closing[sqlite3.Connection]":
    address = f"{path.absolute().as_uri()}?mode=ro"
    return closing(sqlite3.connect(address, uri=True, isolation_level=None))
