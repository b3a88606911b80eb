"""Tables as text: complete at 100 and 160 columns, and honest about what they leave out on narrower ones."""

import io

import pytest
from rich.console import Console

from exporter.exchanges import REGISTRY
from exporter.exchanges.base import PUBLISHES
from exporter.feeds.status import State
from exporter.ledger import Ledger
from exporter.stats import WINDOWS, Bands, CumulativeStats
from exporter.tables.events import EventLines
from exporter.tables.exchanges import capability_table, exchange_table, feed_line, floor_note, notes, reasons
from exporter.tables.fit import fitted
from exporter.tables.grid import Column, Grid
from exporter.tables.stats import stats_sections
from exporter.web.describe import BackfillPart, Counters, ExchangeDetail, FeedPart, Times
from tests.events import T0, liquidation, random_liquidations

NOW = T0 + 3_600_000


def drawn(*parts, width=100, height=1000) -> str:
    out = Console(file=io.StringIO(), width=width, height=height, highlight=False)
    for part in parts:
        out.print(part)
    return out.file.getvalue()


def row(text: str, label: str) -> str:
    """The first line that begins with a label, its words one space apart."""
    return squeezed(next(line for line in text.splitlines() if line.startswith(label)))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def figures(events, base=None, window=None, now=NOW) -> CumulativeStats:
    ledger = Ledger((), (), 1000)
    for number, event in enumerate(events):
        ledger.apply(number, event)
    return ledger.stats(base, window, now, Bands())


def detail(state: State = State.LIVE, **fields) -> ExchangeDetail:
    capability = REGISTRY["binance"].capability
    values = {
        "exchange": "binance",
        "title": "Binance",
        "state": state,
        "reason": "",
        "starting": False,
        "completeness": capability.completeness,
        "capability": capability,
        "feeds": [FeedPart("futures", state, "", None, 0, 500, {0: state})],
        "last": Times(None, NOW - 1500, None, None, None, NOW - 3_725_000),
        "clock_offset_s": 0.0,
        "counters": Counters(10, 1, 0, 0, 0, 0, {"time": 2}, {"stock": 1}, {"closed": 4}),
        "pending_events": 0,
        "instruments_read": None,
        "instruments_error": "",
        "gap_seconds": 61.0,
        "filled_gap_seconds": 0.0,
        "gaps": [],
        "backfill": BackfillPart(0, 0, ""),
        "last_error": "",
    }
    return ExchangeDetail(**values | fields)


@pytest.fixture
def simple():
    """Three longs on Binance and a short on Bybit within an hour."""
    events = [liquidation(number, id=str(number)) for number in range(3)]
    return [*events, liquidation(60, exchange="bybit", side="short", base_quantity=0.5, notional_usd=25_000.0)]


def test_every_figure_of_one_coin_is_there(simple):
    text = drawn(*stats_sections(figures(simple, "BTC")))
    assert "BTC liquidations, all time" in text
    assert "4 events   $40,000.00   0.8 BTC" in text
    assert "over 1h 0m, first 2026-09-21 14:13:00, newest 2026-09-21 14:14:00 UTC" in text
    assert row(text, "ALL") == "ALL 4 100.0% $40K 100.0% 0.80 $10K $25K 4 $40K"
    assert row(text, "LONG") == "LONG 3 75.0% $15K 37.5% 0.30 $5K $5K 3 $15K"
    assert row(text, "SHORT") == "SHORT 1 25.0% $25K 62.5% 0.50 $25K $25K 1 $25K"
    assert row(text, "bybit") == "bybit 1 25.0% $25K 62.5% 0.50 $25K $25K 1 $25K"
    assert row(text, "by events") == "by events 75.0% 3.00 25.0% to LONGS BEARISH binance* 75.0%"
    assert row(text, "by USD") == "by USD 37.5% 0.60 12.5% to SHORTS BULLISH bybit 62.5%"


def test_exchange_by_side_ends_with_all(simple):
    text = drawn(stats_sections(figures(simple, "BTC"))[-1])
    assert row(text, "binance") == "binance* 3 $15K 0.30 0 $0 0 100.0% BEARISH"
    assert row(text, "bybit") == "bybit 0 $0 0 1 $25K 0.50 0.0% BULLISH"
    assert row(text, "ALL") == "ALL 3 $15K 0.30 1 $25K 0.50 37.5% BULLISH"


def test_all_coins_together_have_no_base_amount(simple):
    text = drawn(*stats_sections(figures(simple)))
    assert "Liquidations of all coins, all time" in text
    assert "BTC" not in text
    assert row(text, "ALL") == "ALL 4 100.0% $40K 100.0% $10K $25K 4 $40K"


def test_windows_are_one_row_each(simple):
    windows = [figures(simple, "BTC", window) for window in WINDOWS]
    text = drawn(*stats_sections(figures(simple, "BTC"), windows))
    expected = "4 $40K $15K $25K 37.5% $25K BULLISH bybit 62.5%"
    for window in ("4h", "12h", "24h"):
        assert row(text, f"last {window}") == f"last {window} {expected}"
    assert row(text, "last 1h").startswith("last 1h 1 ")  # the window begins with the minute of the fourth


def test_nothing_yet_is_said_and_shown_as_zeroes():
    ledger = Ledger(["binance", "bybit"], ["BTC"], 10)
    text = drawn(*stats_sections(ledger.stats("BTC", None, NOW, Bands())))
    assert "Nothing yet" in text
    assert row(text, "bybit").startswith("bybit 0 – $0")


def test_the_largest_exchange_comes_first(simple):
    text = drawn(*stats_sections(figures(simple, "BTC")))
    assert text.index("bybit") < text.index("binance")


EXTREME = [
    liquidation(
        number,
        id=str(number),
        exchange=exchange,
        side=side,
        base="1000000BABYDOGE",
        base_quantity=8.88888e20,
        notional_usd=888_888_888_888.0,
    )
    for number, (exchange, side) in enumerate(
        (exchange, side) for exchange in ("binance", "bybit", "bitfinex", "kraken") for side in ("long", "short")
    )
]


@pytest.mark.parametrize("width", [100, 160])
@pytest.mark.parametrize("base", [None, "BTC"])
def test_nothing_is_cut_off_or_left_out(width, base):
    events = sorted(random_liquidations(7, 3000), key=lambda event: event.time_ms)
    sections = stats_sections(figures(events, base), [figures(events, base, window) for window in WINDOWS])
    text, free = drawn(*sections, width=width), drawn(*sections, width=1000)
    assert [line.rstrip() for line in text.splitlines()] == [line.rstrip() for line in free.splitlines()]
    assert "…" not in text
    assert "wider" not in text


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_extreme_figures_stay_whole_on_any_terminal(width):
    sections = stats_sections(figures(EXTREME, "1000000BABYDOGE"), [figures(EXTREME, "1000000BABYDOGE", "1h")])
    text = drawn(*sections, width=width)
    assert "…" not in text
    assert all(len(line) <= width for line in text.splitlines())
    if width >= 80:
        assert row(text, "ALL").startswith("ALL 8 100.0% $7.11T")


def test_a_narrow_terminal_names_what_it_leaves_out():
    grid = Grid(
        "Title", [Column("A", left=True), Column("B"), Column("Wide", optional=True), Column("Far", optional=True)]
    )
    grid.add("a", "1", "2" * 12, "3" * 12)
    assert "wider" not in drawn(grid, width=40)
    assert "a wider terminal also shows: Far" in squeezed(drawn(grid, width=25))
    assert "a wider terminal also shows: Wide, Far" in squeezed(drawn(grid, width=12))


def test_brackets_and_control_characters_are_shown_as_text():
    grid = Grid("Title", [Column("A [b]", left=True)])
    grid.add("[red]x[/red]\x1b[31m")
    text = drawn(grid)
    assert "A [b]" in text
    assert "[red]x[/red]" in text
    assert "\x1b" not in text


def test_event_lines_are_aligned_and_whole():
    lines = EventLines()
    events = [
        liquidation(0),
        liquidation(1, instrument="1000000BABYDOGEUSDT-26DEC26", base="BABYDOGE", side="short", price=1.2e-9),
    ]
    for event in events:
        lines.fit(event)
    header, first, second = (drawn(part, width=160).rstrip("\n") for part in (lines.header(), *map(lines.line, events)))
    assert len({len(header), len(first), len(second)}) == 1
    assert squeezed(first) == "2026-09-21 14:13:00 binance BTCUSDT LONG 50,000 0.10 BTC $5,000"
    assert "0.0000000012" in second
    assert header.index("Side") == first.index("LONG") == second.index("SHORT")


@pytest.mark.parametrize("width", [80, 100])
def test_usual_events_fit(width):
    lines = EventLines(width)
    event = liquidation(instrument="BTCUSDT-26DEC26", price=91_682.05, base_quantity=123.456, notional_usd=12_345_678.0)
    line = lines.line(event).plain
    assert len(line) <= width
    assert (event.instrument in line) == (width == 100)


def test_exchange_states_say_what_matters():
    details = [detail(), detail(State.BLOCKED, exchange="bybit", reason="HTTP 403")]
    text = drawn(exchange_table(details, NOW), *reasons(details))
    assert row(text, "binance").startswith("binance live 1 of 1 1s ago 1h 2m ago 4 3 0 1m 1s")
    assert row(text, "bybit").startswith("bybit blocked 0 of 1")
    assert "bybit: HTTP 403" in text


def test_an_exchange_that_never_spoke_has_dashes():
    silent = detail(last=Times(None, None, None, None, None, None))
    assert " – – " in row(drawn(exchange_table([silent], NOW)), "binance")


def test_the_feed_line_names_what_is_down():
    line = drawn(feed_line([detail(), detail(State.DOWN, exchange="bybit", reason="refused [x]")]))
    assert line == "Feeds: 1 of 2 live · bybit down (refused [x])\n"


def test_samples_carry_a_star_that_is_explained():
    events = [liquidation(exchange="binance"), liquidation(exchange="bybit")]
    text = drawn(*stats_sections(figures(events)))
    assert row(text, "binance*")
    assert row(text, "bybit ")
    assert "floor" in drawn(*floor_note(["bybit", "binance"]))
    assert floor_note(["bybit", "an exchange of another time"]) == []


@pytest.mark.parametrize("width", [100, 160])
def test_the_capability_table_has_every_exchange_whole(width):
    exchanges = list(REGISTRY.values())
    text = drawn(capability_table(exchanges), width=width)
    remarks = drawn(notes(exchanges), width=width)
    for exchange in exchanges:
        capability = exchange.capability
        row = next(line for line in text.splitlines() if line.startswith(exchange.name))
        assert PUBLISHES[capability.completeness] in row
        assert capability.epochs[-1].since in row
        assert squeezed(f"{exchange.name} {capability.note}") in squeezed(remarks)


def test_a_low_terminal_shows_whole_sections_only(simple):
    sections = stats_sections(figures(simple, "BTC"))
    console = Console(file=io.StringIO(), width=100, height=24, highlight=False)
    console.print(fitted(sections, console))
    text = console.file.getvalue()
    assert len(text.splitlines()) <= 24
    assert "Totals" in text
    assert "Exchange ×" not in text
    assert "a higher terminal shows more" in text
    assert "a higher terminal" not in drawn(fitted(sections, Console(width=100, height=60, file=io.StringIO())))
