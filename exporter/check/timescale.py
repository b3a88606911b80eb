"""TimescaleDB, or plain PostgreSQL, as a source: sums over the rows and every aggregate, in one snapshot."""

from collections.abc import Iterable

import asyncpg

from exporter.cells import ALL
from exporter.check.figures import Figures, Key, Kind, Table, put
from exporter.check.report import Verdict
from exporter.check.source import NotReadError, Place, Reading

CONNECT_S = 10.0
ANSWER_S = 120.0

_ROWS = "SELECT exchange, base, side, 1 AS events, base_quantity, notional_usd FROM liquidations"
_AGGREGATE = "SELECT exchange, base, side, events, base_quantity, notional_usd FROM {}"
_CARRIED = _AGGREGATE.format("carried_totals")
_SUMS = (
    "SELECT exchange, base, side, sum(events)::bigint, sum(base_quantity), sum(notional_usd) "
    "FROM ({}) AS parts GROUP BY exchange, base, side"
)
_LEVELS = "SELECT base, side, sum(base_quantity), sum(notional_usd) FROM liquidation_levels GROUP BY base, side"


class TimescaleSource:
    """The database at `address`."""

    name = "timescaledb"

    def __init__(self, address: str) -> None:
        self._address = address

    async def read(self, journal: str) -> Reading:
        """Read all sums, and which record they are as of."""
        try:
            connection = await asyncpg.connect(self._address, timeout=CONNECT_S, command_timeout=ANSWER_S)
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    return await _read(connection, journal)
            finally:
                await connection.close(timeout=CONNECT_S)
        except asyncpg.UndefinedTableError:
            raise NotReadError(Verdict.BEHIND, "nothing has been written to it") from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
            raise NotReadError(Verdict.UNREACHABLE, str(error) or type(error).__name__) from None


async def _read(connection: asyncpg.Connection, journal: str) -> Reading:
    seq = await connection.fetchval("SELECT seq FROM exporter_cursors WHERE journal = $1", journal)
    if seq is None:
        raise NotReadError(Verdict.STRANGE, "it does not follow this journal")
    parts = {
        "liquidation_totals": [_AGGREGATE.format("liquidation_totals")],
        "liquidations_1d": [_AGGREGATE.format("liquidations_1d"), _CARRIED],
        "liquidations_1h": [_AGGREGATE.format("liquidations_1h"), _CARRIED],
        "liquidations_1m": [_AGGREGATE.format("liquidations_1m"), _CARRIED],
    }
    if await connection.fetchval("SELECT dropped_before IS NULL FROM exporter_state"):
        parts["liquidations"] = [_ROWS, _CARRIED]
    tables = [Table(name, Kind.COINS, await _sums(connection, queries)) for name, queries in parts.items()]
    return Reading(Place(seq=seq), [*tables, Table("liquidation_levels", Kind.LEVELS, await _levels(connection))])


async def _sums(connection: asyncpg.Connection, parts: Iterable[str]) -> Figures:
    figures: Figures = {}
    for row in await connection.fetch(_SUMS.format(" UNION ALL ".join(parts))):
        exchange, base, side, events, quantity, usd = row
        put(figures, (exchange, base, side), events, quantity, usd)
    return figures


async def _levels(connection: asyncpg.Connection) -> Figures:
    figures: Figures = {}
    for base, side, quantity, usd in await connection.fetch(_LEVELS):
        figures[Key(ALL, base, side, "base_quantity")] = quantity
        figures[Key(ALL, base, side, "usd")] = usd
    return figures
