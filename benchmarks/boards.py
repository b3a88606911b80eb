"""Every SQL of every board over 10 million events in 45 days on TimescaleDB, as Grafana sends it.

The choices at the top and the time range are those that a board opens with; the goal is 300 ms for each panel. Then
every other choice is made, one at a time, over a day. Events older than a week are compressed, as the policy does, and
the role is the read-only one.
"""

import asyncio
import sys
import time
from statistics import median

import asyncpg

from benchmarks.report import Progress, Row, at_most, info
from benchmarks.stores_sql import fill, times
from exporter.logs import set_up
from exporter.stores.timescale_roles import ensure_reader
from stack.programs import has_timescale
from tests import services
from tests.boards.choices import combinations
from tests.boards.committed import BOARDS, PANELS, CommittedBoard, Panel
from tests.boards.substitution import Span, Variables, sql

GOAL_MS = 300
DAY_S = 86_400
POINTS = 1_000
"""So many intervals a graph has at most, on a wide screen."""
SHORTEST_S = 60
READER, PASSWORD = "reader", "right"
OFFERED = {"exchange": ("okx", "binance"), "base": ("COIN0", "COIN1")}
"""What can be chosen, by label."""
SECONDS = {"m": 60, "h": 3600, "d": DAY_S}

COMPRESS = "SELECT compress_chunk(chunk) FROM show_chunks('liquidations', older_than => INTERVAL '7 days') AS chunk"
FEEDS = """
INSERT INTO feed_changes
SELECT
    'bench', i, now() - interval '45 days' + i * interval '45 days' / 20000, 'exchange' || i / 2 % 12, 'all', i % 2 = 1,
    'timeout'
FROM generate_series(1, 20000) AS i
"""


def run(progress: Progress) -> list[Row]:
    set_up("warn", "logfmt")
    if not has_timescale():
        sys.stderr.write("the goals for queries are for TimescaleDB, which is not installed for this PostgreSQL\n")
        return []
    server = services.Postgres(timescale=True, options=("-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"))
    try:
        return asyncio.run(measuring(server, server.new_database(), progress))
    finally:
        server.stop()


async def measuring(server: services.Postgres, database: str, progress: Progress) -> list[Row]:
    connection = await asyncpg.connect(server.url(database))
    await fill(connection, progress)
    progress("compressing")
    await connection.execute(COMPRESS)
    await connection.execute(FEEDS)
    await connection.execute("ANALYZE")
    await ensure_reader(connection, READER, PASSWORD)
    await connection.close()
    reader = await asyncpg.connect(server.url(database, user=READER, password=PASSWORD))
    rows: list[Row] = []
    for panel in PANELS:
        if any(query.is_sql for query in panel.queries):
            progress(str(panel))
            rows += await measured(reader, panel)
    await reader.close()
    return rows


async def measured(reader: asyncpg.Connection, panel: Panel) -> list[Row]:
    """Measure a panel as its board opens, and with the choice that takes longest over a day."""
    board = BOARDS[panel.board]
    (query,) = panel.queries
    first, *others = combinations(board.variables, lambda _metric, label: OFFERED[label])
    span = board.json["time"]["from"].removeprefix("now-")
    opened = sent(query.text, first, board, int(span[:-1]) * SECONDS[span[-1]])
    rows = [at_most(f"{panel.board}: {panel.title}", "ms", await times(reader, opened), GOAL_MS)]
    if others:
        taken = [await times(reader, sent(query.text, choice, board, DAY_S)) for choice in (first, *others)]
        rows.append(info("the same over 24 h, with the choice that takes longest", "ms", max(taken, key=median)))
    return rows


def sent(text: str, choice: Variables, board: CommittedBoard, seconds: int) -> str:
    """Return the SQL that Grafana sends for the last so many seconds."""
    now = time.time()
    step = max(SHORTEST_S, -(-seconds // POINTS // SHORTEST_S) * SHORTEST_S)
    return sql(text, choice, board.variables, Span(now - seconds, now, step), timescale=True)
