"""The figures of a `CumulativeStats` as tables, in the colours of the page and of the boards."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from exporter.model import LONG, SHORT, SIDES
from exporter.stats import Balance, CumulativeStats, Dominance, ExchangeFigures, Figures
from exporter.tables.exchanges import marked
from exporter.tables.grid import Column, Grid
from exporter.tables.numbers import (
    NONE,
    amount,
    amount_exact,
    count,
    duration,
    moment,
    ratio,
    share,
    usd,
    usd_exact,
)

SIDE_STYLE = {LONG: "#e08a35", SHORT: "#4a97db"}
"""Orange and blue, which people with any common kind of colour blindness tell apart."""
_SENTIMENT_STYLE = {"BEARISH": SIDE_STYLE[LONG], "BULLISH": SIDE_STYLE[SHORT]}


def stats_sections(
    stats: CumulativeStats, windows: Sequence[CumulativeStats] = (), notes: Iterable[Text] = ()
) -> list[RenderableType]:
    """Return the parts of the report, the most important first; `windows` are further spans, one row each.

    `notes` stand right below the header.
    """
    sections: list[RenderableType] = [Group(*_header(stats), *notes), _totals(stats), _balance(stats)]
    if windows:
        sections.append(_windows(windows))
    if stats.exchanges:
        sections.append(_by_side(stats))
    return sections


def _header(stats: CumulativeStats) -> list[Text]:
    span = f"last {stats.window}" if stats.window else "all time"
    title = Text(f"{stats.base} liquidations, {span}" if stats.base else f"Liquidations of all coins, {span}", "bold")
    if stats.first_ms is None or stats.last_ms is None:
        return [title, Text("Nothing yet; the command `exchanges` tells whether the feeds are up.", "yellow")]
    exact = f"{count(stats.total.events)} events   {usd_exact(stats.total.usd)}"
    if stats.total.base_quantity is not None:
        exact += f"   {amount_exact(stats.total.base_quantity)} {stats.base}"
    times = f"over {duration(stats.duration_s)}"
    if stats.window is None:
        times += f", first {moment(stats.first_ms)}"
    return [title, Text(exact, "bold"), Text(f"{times}, newest {moment(stats.last_ms)} UTC", "dim")]


def _totals(stats: CumulativeStats) -> Grid:
    """Totals, sides and exchanges in one table, so that the same figures stand below each other."""
    with_base = stats.base is not None
    columns = [
        Column("", left=True),
        Column("Events"),
        Column("Share", optional=True),
        Column("USD"),
        Column("Share"),
        *([Column(str(stats.base), optional=True)] if with_base else []),
        Column("Average", optional=True),
        Column("Largest"),
        Column("Events/h", optional=True),
        Column("USD/h", optional=True),
    ]
    grid = Grid("Totals, by side and by exchange", columns)
    grid.add(*_figures("ALL", stats.total, with_base), style="bold", end=True)
    for side in SIDES:
        last = side is SIDES[-1]
        grid.add(*_figures(side.upper(), stats.sides[side], with_base), style=SIDE_STYLE[side], end=last)
    for name, exchange in _largest_first(stats.exchanges):
        grid.add(*_figures(marked(name), exchange.total, with_base))
    return grid


def _figures(label: str, figures: Figures, with_base: bool) -> list[str]:
    return [
        label,
        count(figures.events),
        share(figures.share_events),
        usd(figures.usd),
        share(figures.share_usd),
        *([amount(figures.base_quantity)] if with_base else []),
        usd(figures.average_usd),
        usd(figures.largest_usd) if figures.events else NONE,
        amount(figures.events_per_hour),
        usd(figures.usd_per_hour),
    ]


def _balance(stats: CumulativeStats) -> Grid:
    columns = [
        Column("", left=True),
        Column("Long share"),
        Column("Long/short"),
        Column("Imbalance"),
        Column("Sentiment", left=True),
        Column("Dominance", left=True),
    ]
    grid = Grid("Long against short", columns)
    for label, balance, dominance in (
        ("by events", stats.balance.events, stats.dominance.events),
        ("by USD", stats.balance.usd, stats.dominance.usd),
    ):
        grid.add(
            label,
            share(balance.long_share),
            ratio(balance.ratio),
            _imbalance(balance),
            _sentiment(balance),
            _dominance(dominance),
        )
    return grid


def _windows(windows: Sequence[CumulativeStats]) -> Grid:
    columns = [
        Column("", left=True),
        Column("Events"),
        Column("USD"),
        Column("Long USD"),
        Column("Short USD"),
        Column("Long share"),
        Column("Largest"),
        Column("Sentiment", left=True),
        Column("Dominance", left=True, optional=True),
    ]
    grid = Grid("Windows, shares by USD", columns)
    for stats in windows:
        balance = stats.balance.usd
        grid.add(
            f"last {stats.window}",
            count(stats.total.events),
            usd(stats.total.usd),
            Text(usd(stats.sides[LONG].usd), SIDE_STYLE[LONG]),
            Text(usd(stats.sides[SHORT].usd), SIDE_STYLE[SHORT]),
            share(balance.long_share),
            usd(stats.total.largest_usd) if stats.total.events else NONE,
            _sentiment(balance),
            _dominance(stats.dominance.usd),
        )
    return grid


def _by_side(stats: CumulativeStats) -> Grid:
    base = str(stats.base)
    with_base = stats.base is not None
    columns = [Column("", left=True)]
    for side in SIDES:
        name = side.capitalize()
        columns += [Column(f"{name} events"), Column(f"{name} USD")]
        columns += [Column(f"{name} {base}", optional=True)] if with_base else []
    columns += [Column("Long share"), Column("Sentiment", left=True, optional=True)]
    grid = Grid("Exchange × side, long share and sentiment by USD", columns)
    everything = ExchangeFigures(stats.total, stats.sides, stats.balance)
    rows = [*_largest_first(stats.exchanges), ("ALL", everything)]
    for position, (name, exchange) in enumerate(rows):
        cells: list[str | Text] = [marked(name)]
        for side in SIDES:
            figures = exchange.sides[side]
            texts = [count(figures.events), usd(figures.usd), *([amount(figures.base_quantity)] if with_base else [])]
            cells += [Text(text, SIDE_STYLE[side]) for text in texts]
        cells += [share(exchange.balance.usd.long_share), _sentiment(exchange.balance.usd)]
        grid.add(*cells, style="bold" if name == "ALL" else "", end=position == len(rows) - 2)
    return grid


def _largest_first(exchanges: Mapping[str, ExchangeFigures]) -> list[tuple[str, ExchangeFigures]]:
    return sorted(exchanges.items(), key=lambda item: -item[1].total.usd)


def _imbalance(balance: Balance) -> str:
    if balance.imbalance is None:
        return NONE
    return f"{abs(balance.imbalance) * 100:.1f}%" + (f" to {balance.toward}" if balance.toward else "")


def _sentiment(balance: Balance) -> Text:
    return Text(balance.sentiment or NONE, _SENTIMENT_STYLE.get(balance.sentiment or "", ""))


def _dominance(dominance: Dominance) -> str:
    return f"{marked(dominance.exchange)} {share(dominance.share)}" if dominance.exchange else NONE
