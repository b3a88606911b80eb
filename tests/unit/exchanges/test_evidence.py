"""docs/exchanges.md says of every exchange what its capability record says, and has its evidence."""

import re
from pathlib import Path

import pytest

from exporter.exchanges import REGISTRY

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "exchanges.md").read_text(encoding="utf-8")
FIELDS = ("Channel", "Frame", "Side", "Unit", "Price", "Identity", "Back-fill", "Source", "Unverified")
EXCHANGES = pytest.mark.parametrize("exchange", REGISTRY.values(), ids=list(REGISTRY))


def table():
    lines = PAGE.partition("## At a glance")[2].partition("\n- ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    head, _, *rows = cells
    return {row[0]: dict(zip(head, row, strict=True)) for row in rows}


def section(exchange):
    return PAGE.partition(f"\n## {exchange.title}\n")[2].partition("\n## ")[0]


def test_the_table_lists_every_exchange_in_the_registrys_order():
    assert list(table()) == list(REGISTRY)


@EXCHANGES
def test_the_table_says_what_the_capability_record_says(exchange):
    capability = exchange.capability
    days = capability.backfill_hours / 24
    earlier = [epoch.completeness for epoch in capability.epochs[:-1]]
    assert table()[exchange.name] == {
        "exchange": exchange.name,
        "completeness": capability.completeness,
        "since": capability.epochs[-1].since,
        "before": ", ".join(earlier),
        "price": capability.price_kind,
        "quantity": capability.quantity_unit,
        "identity": "its own" if capability.native_id else "by content",
        "back-fill": f"{days:g} d" if days else "none",
    }


@EXCHANGES
def test_the_evidence_is_complete(exchange):
    found = re.findall(r"^- \*\*(.+?)\*\*: (.+)", section(exchange), re.MULTILINE)
    assert tuple(name for name, _ in found) == FIELDS


@EXCHANGES
def test_the_evidence_names_the_addresses_that_are_used(exchange):
    text = section(exchange)
    assert all(f"`{feed.path}`" in text for feed in exchange.feeds)
    assert (exchange.history is None) == ("**Back-fill**: none." in text) == (exchange.capability.backfill_hours == 0)


@EXCHANGES
def test_epochs_run_from_the_oldest_to_the_one_in_force(exchange):
    days = [epoch.since for epoch in exchange.capability.epochs]
    assert days == sorted(days)
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", day) for day in days)
