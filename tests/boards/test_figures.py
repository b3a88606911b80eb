"""The boards, `stats --json` and the truth show the same: every figure that people read, at one moment."""

import math

import pytest

from exporter.cells import SIZE_BUCKETS
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import PUBLISHES
from exporter.stats import WINDOWS
from tests.boards.committed import BOARDS
from tests.boards.frames import named, rows
from tests.boards.substitution import text_of

COIN = "BTC"
SCOPES = [None, COIN]
OVERVIEW, CUMULATIVE = BOARDS["overview"], BOARDS["cumulative"]
SENTIMENTS = {"BEARISH": 1, "NEUTRAL": 0, "BULLISH": -1}
BY = {"usd": "notional_usd", "events": "events"}

each_scope = pytest.mark.parametrize("base", SCOPES, ids=["all coins", COIN])
each_window = pytest.mark.parametrize("window", WINDOWS)
each_by = pytest.mark.parametrize("by", BY)


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=0)


class Shown:
    """What the panels of one half of a board show at a moment."""

    def __init__(self, board, base, moment, by="usd", window="24h"):
        self.board = board
        self.name = "$coin" if base else "all coins"
        self.moment = moment
        self.choice = {"coin": base or COIN, "by": BY[by], "window": window}

    def panel(self, title):
        """The panel of this half: by its title, or the first or second one of two with equal titles."""
        halves = [each for each in self.board.panels if each.title == title.replace("*", self.name)]
        return halves[0] if len(halves) == 1 else halves[self.name == "$coin"]

    def values(self, title):
        panel = self.panel(title)
        return self._seen(panel, named(panel, self._answers(panel)))

    def value(self, title):
        (value,) = self.values(title).values()
        return value

    def rows(self, title, key):
        """The rows by their value in a column."""
        panel = self.panel(title)
        found = rows(panel, self._answers(panel))
        return {row[key]: self._seen(panel, row) for row in found}

    def _seen(self, panel, values):
        """The values by the names that people see."""
        names = panel.display_names
        return {text_of(names.get(name, name), self.choice): value for name, value in values.items()}

    def _answers(self, panel):
        variables = self.board.variables
        return {query.letter: self.moment.answer(query, self.choice, variables) for query in panel.queries}


@each_by
@each_window
@each_scope
def test_overview_balance(demo, base, window, by):
    stats, moment = demo.stats(base, window)
    shown = Shown(OVERVIEW, base, moment, by, window)
    balance, dominance = stats["balance"][by], stats["dominance"][by]
    shares = {"longs": balance["long_share"], "shorts": 1 - balance["long_share"]}
    assert shown.values("Long and short") == close(shares)
    assert shown.value("Long / short") == close(balance["ratio"])
    assert shown.value("Imbalance") == pytest.approx(balance["imbalance"], abs=1e-9)
    assert shown.values("Dominance") == {marked(dominance["exchange"]): close(dominance["share"])}
    assert shown.value("Sentiment") == SENTIMENTS[balance["sentiment"]]
    largest = {side: figures["largest_usd"] for side, figures in stats["sides"].items()}
    assert shown.values("Largest") == close(largest)


@each_by
@each_scope
def test_cumulative_balance(demo, base, by):
    stats, moment = demo.stats(base, None)
    shown = Shown(CUMULATIVE, base, moment, by)
    balance, dominance = stats["balance"][by], stats["dominance"][by]
    shares = {"long": balance["long_share"], "short": 1 - balance["long_share"]}
    assert shown.values("Shares · *") == close(shares)
    assert shown.values("Balance · *") == {
        "long / short": close(balance["ratio"]),
        "imbalance": pytest.approx(balance["imbalance"], abs=1e-9),
        f"largest: {marked(dominance['exchange'])}": close(dominance["share"]),
    }
    number = {base: stats["total"]["base_quantity"]} if base else {"events": stats["total"]["events"]}
    expected = {"USD": stats["total"]["usd"], "since": stats["first_ms"], **number}
    values = shown.values("All time · *")
    assert values.pop("critical cascades") == critical_cascades(moment, base)
    assert values == close(expected)


@each_window
@each_scope
def test_overview_totals(demo, base, window):
    stats, moment = demo.stats(base, window)
    row = Shown(OVERVIEW, base, moment).rows("Totals · *", "Last")[WINDOWS[window] / 60]
    total, sides = stats["total"], stats["sides"]
    assert numbers(row) == close(
        {
            "Last": WINDOWS[window] / 60,
            "USD": total["usd"],
            **amount(base, base, total),
            "Long": sides["long"]["usd"],
            "Short": sides["short"]["usd"],
            "Long %": stats["balance"]["usd"]["long_share"],
            "Events": total["events"],
            "Per h": total["events_per_hour"],
            "Average": total["average_usd"],
            "Largest": total["largest_usd"],
        }
    )


@each_by
@each_window
@each_scope
def test_overview_exchanges(demo, base, window, by):
    stats, moment = demo.stats(base, window)
    shown = Shown(OVERVIEW, base, moment, by, window).rows("Exchanges · *, last $window", "Exchange")
    assert shown.keys() == stats["exchanges"].keys()
    for exchange, row in shown.items():
        figures = stats["exchanges"][exchange]
        assert row["Shows" if base else "Publishes"] == completeness(exchange)
        assert numbers(row, without=("State", "Publishes", "Shows")) == close(
            {
                "Events": figures["total"]["events"],
                **amount(base, base, figures["total"]),
                "USD": figures["total"]["usd"],
                "Share": figures["total"][f"share_{by}"],
                "Long %": figures["balance"]["usd"]["long_share"],
            }
        )


@each_window
@each_scope
def test_overview_sides(demo, base, window):
    stats, moment = demo.stats(base, window)
    shown = Shown(OVERVIEW, base, moment, window=window).rows("Exchange × side · *, last $window", "Exchange")
    check_sides(shown, stats, base)


@each_scope
def test_cumulative_sides(demo, base):
    stats, moment = demo.stats(base, None)
    shown = Shown(CUMULATIVE, base, moment).rows("Exchange × side · *", "Exchange")
    check_sides(shown, stats, base, {} if base else {"avg.": "average_usd"})


@each_by
@each_scope
def test_cumulative_totals(demo, base, by):
    stats, moment = demo.stats(base, None)
    shown = Shown(CUMULATIVE, base, moment, by)
    sides, exchanges = shown.rows("Totals by side · *", "Side"), shown.rows("Totals by exchange · *", "Exchange")
    expected = stats["sides"] | {"ALL": stats["total"]}
    assert {name: numbers(row, without=LARGEST_24H) for name, row in sides.items()} == {
        name: close(figures_of(base, figures) | {"Events/h": figures["events_per_hour"]})
        for name, figures in expected.items()
    }
    assert {name: row["Shows"] for name, row in exchanges.items()} == {name: completeness(name) for name in exchanges}
    assert {name: numbers(row, without=("Shows",)) for name, row in exchanges.items()} == {
        name: close(
            figures_of(base, part["total"])
            | {"Share": part["total"][f"share_{by}"], "Long %": part["balance"]["usd"]["long_share"]}
        )
        for name, part in stats["exchanges"].items()
    }


def test_cumulative_largest_of_a_coin(demo):
    stats, moment = demo.stats(COIN, "24h")
    shown = Shown(CUMULATIVE, COIN, moment).rows("Totals by side · *", "Side")
    expected = stats["sides"] | {"ALL": stats["total"]}
    assert {name: row["24 h max"] for name, row in shown.items()} == close(
        {name: figures["largest_usd"] for name, figures in expected.items()}
    )


@each_scope
def test_cumulative_bars(demo, base):
    stats, moment = demo.stats(base, None)
    bars = Shown(CUMULATIVE, base, moment).rows("By exchange · *", "Exchange")
    assert {name: (row["longs"], row["shorts"]) for name, row in bars.items()} == {
        marked(name): close((part["sides"]["long"]["usd"], part["sides"]["short"]["usd"]))
        for name, part in stats["exchanges"].items()
    }


@pytest.mark.parametrize("side", ["long", "short"])
def test_every_order_is_in_a_size_bucket(demo, side):
    stats, moment = demo.stats(None, None)
    counts = Shown(CUMULATIVE, None, moment).values(f"Sizes of liquidated {side}s · all coins")
    assert len(counts) == len(SIZE_BUCKETS) + 1
    assert counts["over $10M"] == max(counts.values()) == stats["sides"][side]["events"]


@each_scope
def test_the_boards_show_the_truth(demo, base):
    """The exporter must have counted what was certainly sent, and can have counted no more than all that was sent."""
    _, moment = demo.stats(base, None)
    events = [event for event in demo.truth if base in (None, event.base)]
    shown = Shown(CUMULATIVE, base, moment).rows("Exchange × side · *", "Exchange")
    check_truth(shown, base, events)
    for window, minutes in WINDOWS.items():
        _, moment = demo.stats(base, window)
        oldest = moment.time // 60 - minutes
        within = [event for event in events if event.time_ms // 60_000 > oldest]
        shown = Shown(OVERVIEW, base, moment, window=window).rows("Exchange × side · *, last $window", "Exchange")
        check_truth(shown, base, within)


LARGEST_24H = ("24 h max",)


def numbers(row, without=()):
    """The numbers of a row by their columns."""
    return {name: value for name, value in row.items() if not isinstance(value, str) and name not in without}


def amount(name, base, figures):
    """The column with the amount of the coin, which only a coin has."""
    return {name: figures["base_quantity"]} if base else {}


def completeness(exchange):
    """How complete an exchange's feed is, as boards code it; that of ALL is a part while any is not everything."""
    known = "partial" if exchange == "ALL" else REGISTRY[exchange].capability.completeness
    return list(PUBLISHES).index(known) + 1


def marked(exchange):
    """The name as it stands where figures are compared."""
    return exchange if completeness(exchange) == 1 else f"{exchange}*"


def critical_cascades(moment, base):
    """How many critical cascades are over, by the series themselves."""
    found = moment.api.instant('liquidation_cascades_total{level="critical"}', moment.time)
    return sum(series.last for series in found if base in (None, series.labels["base"]))


def figures_of(base, figures):
    """What the rows of both all-time tables have."""
    return {
        "USD": figures["usd"],
        **amount(base, base, figures),
        "Events": figures["events"],
        "USD/h": figures["usd_per_hour"],
        "Average": figures["average_usd"],
        **({} if base else {"Largest": figures["largest_usd"]}),
    }


def check_sides(shown, stats, base, more=None):
    """Every exchange with its longs and shorts, and the row of all."""
    parts = {name: part["sides"] for name, part in stats["exchanges"].items()} | {"ALL": stats["sides"]}
    assert shown.keys() == parts.keys()
    for exchange, sides in parts.items():
        expected = {}
        for name, side in (("Long", "long"), ("Short", "short")):
            expected |= {f"{name} USD": sides[side]["usd"], f"{name}s": sides[side]["events"]}
            expected |= amount(f"{name} {base}", base, sides[side])
            expected |= {f"{name} {title}": sides[side][figure] for title, figure in (more or {}).items()}
        assert shown[exchange]["Shows"] == completeness(exchange)
        assert numbers(shown[exchange], without=("Shows",)) == close(expected)


def check_truth(shown, base, events):
    """Events, USD and amounts of every exchange and side lie between what is certain and what is possible."""
    keys = {"{}s": lambda event: 1, "{} USD": lambda event: event.notional_usd}
    keys |= {f"{{}} {base}": lambda event: event.base_quantity} if base else {}
    for exchange in {event.exchange for event in events}:
        for title, side in (("Long", "long"), ("Short", "short")):
            own = [event for event in events if (event.exchange, event.side) == (exchange, side)]
            for name, figure in keys.items():
                most = math.fsum(map(figure, own))
                least = math.fsum(figure(event) for event in own if event.certain)
                assert least * (1 - 1e-9) <= shown[exchange][name.format(title)] <= most * (1 + 1e-9)
