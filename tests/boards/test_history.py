"""What the SQL of the boards finds, against every event of the history, counted in the simplest way."""

import asyncio
import time

import asyncpg
import pytest

from tests.boards.choices import combinations
from tests.boards.committed import BOARDS
from tests.boards.substitution import AllValue, Span, sql

LIVE = BOARDS["live"]
HOUR_S = 3600
SHORTEST_S, LONG_S = 60, 2 * HOUR_S
COLUMNS = {"exchange": "exchange", "side": "side", "coins": "base"}
"""Which column a choice is about."""


@pytest.fixture(scope="module")
def events(history):
    return history.server.execute(
        "SELECT time, exchange, base, side, notional_usd, instrument FROM liquidations", database=history.name
    )


@pytest.fixture(scope="module")
def choices(events):
    offered = {label: sorted({event[label] for event in events}) for label in ("exchange", "base")}
    return list(combinations(LIVE.variables, lambda _metric, label: offered[label]))


def chosen(events, choice):
    """The events that a choice leaves."""

    def fits(event):
        return event["notional_usd"] >= float(choice["least"]) and all(
            isinstance(choice[name], AllValue) or choice[name] == "*" or event[column] in choice[name]
            for name, column in COLUMNS.items()
        )

    return [event for event in events if fits(event)]


def found(history, reader, title, choice, *, hours=24, step=SHORTEST_S):
    """The rows of a panel of the board, from so many whole hours ago on."""
    (query,) = LIVE.panel(title).queries
    start = time.time() // HOUR_S * HOUR_S - hours * HOUR_S
    span = Span(start, time.time() + HOUR_S, step)
    text = sql(query.text, choice, LIVE.variables, span, timescale=history.server.timescale)
    return asyncio.run(fetched(reader, text)), start


async def fetched(address, text):
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetch(text)
    finally:
        await connection.close()


def test_the_newest_are_those_of_all_events(history, reader, events, choices):
    for choice in choices:
        rows, start = found(history, reader, "Newest liquidations", choice)
        times = sorted((event["time"] for event in chosen(events, choice)), reverse=True)
        assert [row["Time"] for row in rows] == [each for each in times if each.timestamp() >= start][:200]


def test_the_largest_of_all_time_are_those_of_all_events(history, reader, events, choices):
    for choice in choices:
        rows, _ = found(history, reader, "Largest of all time", choice)
        sizes = sorted((event["notional_usd"] for event in chosen(events, choice)), reverse=True)
        assert [row["USD"] for row in rows] == sizes[:10]


def test_the_largest_are_dropped_events_too_as_their_minutes_know_them(history, reader, events, choices):
    """What the retention does: the rows go, the aggregates stay; here nothing is deleted, the query is asked as if."""
    (query,) = LIVE.panel("Largest of all time").queries
    without_rows = query.text.replace(
        "FROM liquidations AS part", "FROM (SELECT * FROM liquidations WHERE false) AS part"
    )
    assert without_rows != query.text
    span = Span(time.time() - HOUR_S, time.time(), SHORTEST_S)
    text = sql(without_rows, choices[0], LIVE.variables, span, timescale=history.server.timescale)
    rows = asyncio.run(fetched(reader, text))
    minutes = {}
    for event in events:
        key = (event["time"].replace(second=0, microsecond=0), event["exchange"], event["base"], event["side"])
        minutes[key] = max(minutes.get(key, 0), event["notional_usd"])
    assert [row["USD"] for row in rows] == sorted(minutes.values(), reverse=True)[:10]


@pytest.mark.parametrize("step", [SHORTEST_S, LONG_S])
def test_the_graphs_sum_up_all_events(history, reader, events, choices, step):
    for choice in choices:
        rows, start = found(history, reader, "USD per interval", choice, step=step)
        in_range = [event for event in chosen(events, choice) if event["time"].timestamp() >= start]
        for name, side, sign in (("shorts", "short", 1), ("longs", "long", -1)):
            usd = sum(event["notional_usd"] for event in in_range if event["side"] == side)
            assert sum(row[name] for row in rows) == pytest.approx(sign * usd)
        rows, _ = found(history, reader, "Events per minute", choice, step=step)
        counted = sum((row["longs"] or 0) + (row["shorts"] or 0) for row in rows) * step / 60
        assert float(counted) == pytest.approx(len(in_range))


@pytest.mark.parametrize("name", ["exchange", "side", "coins"])
def test_a_choice_is_never_sql(history, reader, choices, name):
    rows, _ = found(history, reader, "Newest liquidations", choices[0] | {name: "') OR ('1' = '1"})
    assert rows == []


def test_a_size_that_is_no_number_is_an_error(history, reader, choices):
    with pytest.raises(asyncpg.PostgresError):
        found(history, reader, "Newest liquidations", choices[0] | {"least": "0' OR '1' = '1"})
