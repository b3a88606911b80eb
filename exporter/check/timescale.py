"""TimescaleDB, or plain PostgreSQL, as a source: sums over the rows and every aggregate, in one snapshot."""

from collections.abc import Iterable

from exporter.cells import ALL
from exporter.check.figures import Figures, Key, Kind, Table, put
from exporter.check.report import Verdict
from exporter.check.source import Excuse, NotReadError, Place, Reading
from exporter.stores.base import StoreError
from exporter.stores.postgres import Connection, connect, explained

ANSWER_MS = 300_000
"""Sums over a long history take their time."""
CLOSE_S = 5.0

_ROWS = "SELECT exchange, base, side, 1 AS events, base_quantity, notional_usd FROM liquidations"
_AGGREGATE = "SELECT exchange, base, side, events, base_quantity, notional_usd FROM {}"
_CARRIED = _AGGREGATE.format("carried_totals")
_SUMS = (
    "SELECT exchange, base, side, sum(events)::bigint, sum(base_quantity), sum(notional_usd) "
    "FROM ({}) AS parts GROUP BY exchange, base, side"
)
_STATE = "SELECT dropped_before IS NULL, dirty_from IS NOT NULL FROM exporter_state"
_LATE = Excuse(Verdict.BEHIND, "events that came late are not in the aggregates yet: a running exporter refreshes them")
_LEVELS = "SELECT base, side, sum(base_quantity), sum(notional_usd) FROM liquidation_levels GROUP BY base, side"


class TimescaleSource:
    """The database at `address`; of one with more than `most_events` only the totals are read, made of days."""

    name = "timescale"

    def __init__(self, address: str, most_events: int | None = None) -> None:
        self._address = address
        self._most_events = most_events

    async def read(self, journal: str) -> Reading:
        """Read all sums, and which record they are as of."""
        try:
            with explained(self._address):
                connection = await connect(self._address, statement_ms=ANSWER_MS)
                try:
                    async with connection.transaction(isolation="repeatable_read", readonly=True):
                        return await _read(connection, journal, self._most_events)
                finally:
                    await connection.close(timeout=CLOSE_S)
        except StoreError as error:
            raise NotReadError(Verdict.UNREACHABLE, str(error)) from None


async def _read(connection: Connection, journal: str, most_events: int | None) -> Reading:
    if await connection.fetchval("SELECT to_regclass('exporter_cursors') IS NULL"):
        raise NotReadError(Verdict.BEHIND, "nothing has been written to it")
    seq = await connection.fetchval("SELECT seq FROM exporter_cursors WHERE journal = $1", journal)
    if seq is None:
        raise NotReadError(Verdict.STRANGE, "it does not follow this journal")
    ((complete, late),) = await connection.fetch(_STATE)
    excuse = _LATE if late else None
    totals = Table("liquidation_totals", Kind.COINS, await _sums(connection, [_AGGREGATE.format("liquidation_totals")]))
    if most_events is not None and _events(totals) > most_events:
        return Reading(Place(seq=seq), [totals], excuse)
    parts = {
        "liquidations_1d": [_AGGREGATE.format("liquidations_1d"), _CARRIED],
        "liquidations_1h": [_AGGREGATE.format("liquidations_1h"), _CARRIED],
        "liquidations_1m": [_AGGREGATE.format("liquidations_1m"), _CARRIED],
    }
    if complete:
        parts["liquidations"] = [_ROWS, _CARRIED]
    tables = [totals]
    tables += [Table(name, Kind.COINS, await _sums(connection, queries)) for name, queries in parts.items()]
    tables.append(Table("liquidation_levels", Kind.LEVELS, await _levels(connection)))
    return Reading(Place(seq=seq), tables, excuse)


def _events(table: Table) -> float:
    return sum(value for key, value in table.figures.items() if key.name == "events")


async def _sums(connection: Connection, parts: Iterable[str]) -> Figures:
    figures: Figures = {}
    for row in await connection.fetch(_SUMS.format(" UNION ALL ".join(parts))):
        exchange, base, side, events, quantity, usd = row
        put(figures, (exchange, base, side), events, quantity, usd)
    return figures


async def _levels(connection: Connection) -> Figures:
    figures: Figures = {}
    for base, side, quantity, usd in await connection.fetch(_LEVELS):
        figures[Key(ALL, base, side, "base_quantity")] = quantity
        figures[Key(ALL, base, side, "usd")] = usd
    return figures
