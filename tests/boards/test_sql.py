"""Every SQL of every panel, with every choice, read by the read-only role from what the real store wrote."""

import asyncio
import time

import asyncpg
import pytest

from tests.boards.allowed import TABLES_WITHOUT_ROWS
from tests.boards.choices import combinations
from tests.boards.committed import BOARDS, PANELS
from tests.boards.substitution import Span, sql

WITH_SQL = [panel for panel in PANELS if any(query.is_sql for query in panel.queries)]
HOUR_S = 3600


def queries(panel, history):
    """Each SQL of the panel with each combination of choices, as PostgreSQL gets it."""
    board = BOARDS[panel.board].variables
    now = time.time()

    def label_values(_metric, label):
        return [
            row[0]
            for row in history.server.execute(
                f"SELECT DISTINCT {label} FROM liquidations ORDER BY 1", database=history.name
            )
        ]

    for choice in combinations(board, label_values):
        for step in (15, 2 * HOUR_S):
            span = Span(now - 24 * HOUR_S, now, step)
            for query in panel.queries:
                if query.is_sql:
                    yield choice, query, sql(query.text, choice, board, span, timescale=history.server.timescale)


async def fetched(address, texts):
    """The rows of each query."""
    connection = await asyncpg.connect(address)
    try:
        assert await connection.fetchval("SHOW transaction_read_only") == "on"
        return [await connection.fetch(text) for text in texts]
    finally:
        await connection.close()


@pytest.mark.parametrize("panel", WITH_SQL, ids=str)
def test_every_query_has_rows_with_the_columns_that_the_panel_names(panel, history, reader):
    asked = list(queries(panel, history))
    answers = asyncio.run(fetched(reader, [text for *_, text in asked]))
    for (choice, query, text), rows in zip(asked, answers, strict=True):
        empty = any(table in text for table in TABLES_WITHOUT_ROWS)
        large_only = choice.get("least", "0") != "0"  # there may have been none of that size
        assert rows or empty or large_only, f"no rows with {choice}: {text}"
        columns = {name for row in rows for name in row.keys()}  # noqa: SIM118 - a record iterates over its values
        if query.shape == "time_series" and rows:
            assert "time" in columns
        if rows:
            named = {each["matcher"]["options"] for each in panel.overrides if each["matcher"]["id"] == "byName"}
            assert named <= columns, f"{named - columns} are not among {columns}"
