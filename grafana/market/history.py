"""What the history says about a coin or an exchange: by hour, weekday and size, and its largest orders."""

from dataclasses import dataclass

from grafana import sql_profiles as sql
from grafana.builder import units
from grafana.builder.fields import Look, for_name, looks
from grafana.builder.layout import Row
from grafana.builder.panels import Panel, bar_chart
from grafana.builder.tables import Column, sql_table
from grafana.builder.targets import Sql
from grafana.links import COIN_OF_ROW, EXCHANGE_OF_ROW
from grafana.looks import AMOUNT, COUNT, LONG_SIDE, MONEY, MONEY_SHORT, PRICE, SHORT_SIDE, SIDE
from grafana.strip import NO_HISTORY, history

NOTHING = f"Nothing was liquidated in that time, {NO_HISTORY}"
LARGEST = 15
SIDES = [for_name("longs", looks(LONG_SIDE)), for_name("shorts", looks(SHORT_SIDE))]
AXIS = MONEY.but(decimals=None, nothing=NOTHING)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Part:
    """A part of the history: how titles call it, what finds it, and over how many days its hours are summed."""

    name: str
    where: str
    days: int


COIN = Part("$coin", sql.OF_COIN, 28)
EXCHANGE = Part("$venue", sql.OF_EXCHANGE, 7)  # all of its coins: more would take long


def _sum(figure: str, side: str) -> str:
    return f"coalesce(sum({figure}) FILTER (WHERE side = '{side}'), 0)"


def _both(figure: str) -> dict[str, str]:
    return {"longs": _sum(figure, "long"), "shorts": _sum(figure, "short")}


def _bars(title: str, about: str, query: str, x: str, look: Look) -> Panel:
    return bar_chart(title, about, [Sql(query=query)], look, x=x, stack="normal", values="never", overrides=SIDES)


def hours(part: Part) -> Panel:
    """Return what was liquidated in each hour of the day."""
    columns = {"Hour (UTC)": "to_char(part, 'FM00')"} | _both("notional_usd")
    return _bars(
        f"Hours of the day (UTC) · {part.name}",
        f"USD liquidated in each hour of the day, UTC, over the last {part.days} days, whatever the time range.",
        sql.by_hour(columns, part.where, part.days),
        "Hour (UTC)",
        AXIS,
    )


def weekdays(part: Part) -> Panel:
    """Return what was liquidated on each weekday."""
    names = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(WEEKDAYS, 1))
    columns = {"Weekday (UTC)": f"CASE part {names} END"} | _both("notional_usd")
    return _bars(
        f"Weekdays (UTC) · {part.name}",
        f"USD liquidated on each weekday, UTC, over the last {sql.WEEKDAY_DAYS} days with today, whatever the time "
        "range.",
        sql.by_weekday(columns, part.where),
        "Weekday (UTC)",
        AXIS,
    )


def sizes(part: Part) -> Panel:
    """Return how many orders of each size there were."""
    columns = {"Size (USD)": "span"} | _both("events")
    return bar_chart(
        f"Order sizes · {part.name}",
        "How many orders of the time range were of which size in USD.",
        [Sql(query=sql.sizes(columns, part.where))],
        COUNT.but(nothing=NOTHING),
        x="Size (USD)",
        stack="normal",
        values="never",
        horizontal=True,
        overrides=SIDES,
    )


def largest(part: Part) -> Panel:
    """Return the table of the largest orders."""
    other = (
        Column(title="Exchange", left=True, links=[EXCHANGE_OF_ROW])
        if part is COIN
        else Column(title="Coin", left=True, links=[COIN_OF_ROW])
    )
    columns = {
        "Time": "time",
        other.title: "exchange" if part is COIN else "base",
        "Side": "side",
        "USD": "notional_usd",
        "Amount": "base_quantity",
        "Price": "price",
    }
    return sql_table(
        f"Largest orders · {part.name}",
        f"The {LARGEST} largest single orders of the time range.",
        sql.largest(columns, part.where, LARGEST),
        [
            Column(title="Time", look=Look(unit=units.DAY_TO_SECOND), left=True, width=125),
            other,
            Column(title="Side", look=SIDE, cell="color-text", left=True, width=82),
            Column(title="USD", look=MONEY_SHORT, width=84),
            Column(title="Amount", look=AMOUNT),
            Column(title="Price", look=PRICE),
        ],
        nothing=NOTHING,
    )


def profile(part: Part) -> list[Row]:
    """Return the rows on hours, weekdays, sizes and the largest orders."""
    return [
        Row(9, [(3, history()), (13, hours(part)), (8, weekdays(part))]),
        Row(14, [(10, sizes(part)), (14, largest(part))]),
    ]
