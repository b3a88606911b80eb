"""What the boards of a coin and of an exchange find in the history, against every event of it."""

import asyncio
import math
import time
from itertools import pairwise

import asyncpg
import pytest

from exporter.cells import SIZE_BUCKETS
from tests.boards.committed import BOARDS
from tests.boards.substitution import Span, sql

HOUR_S = 3600
COIN = (BOARDS["coin"], {"coin": "BTC"}, lambda event: event["base"] == "BTC")
EXCHANGE = (BOARDS["exchange"], {"venue": "binance"}, lambda event: event["exchange"] == "binance")
SIDES = {"longs": "long", "shorts": "short"}

each_part = pytest.mark.parametrize(("board", "choice", "belongs"), [COIN, EXCHANGE], ids=["coin", "exchange"])


@pytest.fixture(scope="module")
def events(history):
    return history.server.execute(
        "SELECT time, exchange, base, side, notional_usd, level FROM liquidations", database=history.name
    )


def found(history, reader, board, title, choice):
    """The rows of the panel whose title begins so, over the last day, and since when that is."""
    (panel,) = (each for each in board.panels if each.title.startswith(f"{title} ·"))
    (query,) = panel.queries
    start = time.time() // HOUR_S * HOUR_S - 24 * HOUR_S
    span = Span(start, time.time() + HOUR_S, 60)
    text = sql(query.text, choice, board.variables, span, timescale=history.server.timescale)
    return asyncio.run(fetched(reader, text))


async def fetched(address, text):
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetch(text)
    finally:
        await connection.close()


def usd(events):
    return pytest.approx(sum(event["notional_usd"] for event in events))


@each_part
def test_hours_and_weekdays_sum_up_the_whole_hours(history, reader, events, board, choice, belongs):
    this_hour = time.time() // HOUR_S * HOUR_S
    whole = [event for event in events if belongs(event) and event["time"].timestamp() < this_hour]
    hours = found(history, reader, board, "Hours of the day (UTC)", choice)
    weekdays = found(history, reader, board, "Weekdays (UTC)", choice)
    assert [row["Hour (UTC)"] for row in hours] == [f"{hour:02}" for hour in range(24)]
    assert [row["Weekday (UTC)"] for row in weekdays] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    for name, side in SIDES.items():
        for hour, row in enumerate(hours):
            mine = [event for event in whole if event["side"] == side and event["time"].hour == hour]
            assert row[name] == usd(mine)
        for day, row in enumerate(weekdays):
            mine = [each for each in events if belongs(each) and each["side"] == side and each["time"].weekday() == day]
            assert row[name] == usd(mine)


@each_part
def test_sizes_count_every_order_once(history, reader, events, board, choice, belongs):
    rows = found(history, reader, board, "Order sizes", choice)
    bounds = (0.0, *SIZE_BUCKETS, math.inf)
    for row, (low, high) in zip(rows, pairwise(bounds), strict=True):
        for name, side in SIDES.items():
            mine = [each for each in events if belongs(each) and each["side"] == side]
            assert row[name] == sum(low < event["notional_usd"] <= high for event in mine)


@each_part
def test_the_largest_orders_come_first(history, reader, events, board, choice, belongs):
    rows = found(history, reader, board, "Largest orders", choice)
    sizes = sorted((event["notional_usd"] for event in events if belongs(event)), reverse=True)
    assert [row["USD"] for row in rows] == sizes[: len(rows)]
    assert len(rows) == 15


def test_levels_hold_every_order_once(history, reader, events):
    board, choice, belongs = COIN
    rows = found(history, reader, board, "Realised levels", choice)
    mine = [event for event in events if belongs(event)]
    assert sum(row["Orders"] for row in rows) == len(mine)
    for column, side in (("Long USD", "long"), ("Short USD", "short")):
        assert sum(row[column] for row in rows) == usd([event for event in mine if event["side"] == side])
    prices = [float(row["Price from"]) for row in rows]
    assert prices == sorted(prices, reverse=True)
    assert prices[-1] == pytest.approx(1.001 ** min(event["level"] for event in mine), rel=1e-4)


def test_the_map_of_levels_has_the_same_sums(history, reader):
    board, choice, _ = COIN
    rows = found(history, reader, board, "Realised levels over time", choice)
    steps = {row["Price from"]: row for row in found(history, reader, board, "Realised levels", choice)}
    assert {row["metric"] for row in rows} == set(steps), "every step of the price has its line"
    for price, step in steps.items():
        total = sum(row["usd"] for row in rows if row["metric"] == price)
        assert total == pytest.approx(step["Long USD"] + step["Short USD"])
