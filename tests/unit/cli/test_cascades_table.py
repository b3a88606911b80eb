"""The cascades of a running exporter as a table: the market first, reasons in words, unknown said as such."""

import io

import pytest
from rich.console import Console

from exporter.tables.cascades import SHOWN, blind_notes, cascades_table
from exporter.web.cascades import Cascades, EpisodePart, SidePart

NOW = 1_795_000_000_000
REASONS = ["many and large liquidations +9.0", "several exchanges take part +3.2", "one side only +0.1"]


def episode(base, side):
    values = dict.fromkeys(EpisodePart.__struct_fields__, 0) | {"base": base, "side": side, "usd": 5e6}
    return EpisodePart(**values | {"start_ms": NOW - 90_000})


def part(base, side, score=0.0, level="none", **fields):
    number = ["unknown", "none", "watch", "warning", "critical"].index(level) - 1
    values = {"contributions": {}, "reasons": REASONS, "coverage": 1.0, "warmup": False, "branching": None}
    values |= {"run_usd": 0.0, "episode": episode(base, side) if number > 1 else None}
    return SidePart(base, side, score, number, level, **values | fields)


def answer(*sides):
    market = [part("*", "long", 71.6, "warning"), part("*", "short", 3.0)]
    return Cascades(None, NOW, NOW, 50, market, list(sides), [])


def lines(grid, width=120):
    out = Console(file=io.StringIO(), width=width, highlight=False)
    out.print(grid)
    return [" ".join(line.split()) for line in out.file.getvalue().splitlines()]


def test_the_market_then_the_highest_levels_and_scores():
    shown = lines(cascades_table(answer(part("SOL", "long", 40.0), part("BTC", "long", 39.0, "critical"))))
    assert shown[3:] == [
        "market LONG ◑ warning 72 $5M 1m 30s many and large liquidations +9.0, several exchanges take part +3.2",
        "market SHORT ○ none 3 – –",
        "",
        "BTC LONG ● CRITICAL 39 $5M 1m 30s many and large liquidations +9.0, several exchanges take part +3.2",
        "SOL LONG ○ none 40 – –",
    ]


def test_only_the_nearest_coins_are_shown():
    coins = [part(f"C{number}", "long", float(number)) for number in range(3 * SHOWN)]
    assert [line.split()[0] for line in lines(cascades_table(answer(*coins)))[-SHOWN:]] == ["C11", "C10", "C9", "C8"]


@pytest.mark.parametrize("width", [80, 120, 160])
def test_a_row_is_a_line(width):
    found = lines(cascades_table(answer(part("1000PEPE", "short", 99.9, "critical"))), width)
    assert len([line for line in found if "CRITICAL" in line]) == 1
    assert any("Why" in line for line in found)


def test_unknown_is_said_and_is_not_calm():
    blind = part("BTC", "long", None, "unknown", warmup=True, reasons=[])
    assert "BTC LONG ◌ unknown – – – still being learned" in lines(cascades_table(answer(blind)))
    assert [note.plain for note in blind_notes([blind, part("ETH", "long")])] == [
        "Unknown, too few of their feeds are up: BTC"
    ]
    assert blind_notes([part("ETH", "long")]) == []
