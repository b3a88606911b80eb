import asyncio
import random

import pytest

from exporter.metrics import Exposition
from exporter.model import SIDES
from tests.unit.metrics.filled import MAIN, NOW_MS, busy_view, empty_view, event
from tests.unit.metrics.parsed import OPENMETRICS, parsed, values

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;"
    "q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
NONSENSE = ("", "text/html", "application/openmetrics-text;version=new", "text/plain;version=;q", ",;=,", "*/*")


@pytest.mark.parametrize("accept", [PROMETHEUS_2, PROMETHEUS_3, OPENMETRICS, "application/openmetrics-text"])
def test_openmetrics_for_who_asks_for_it(accept):
    body, content_type = Exposition(empty_view()).render(accept, NOW_MS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert body.endswith(b"\n# EOF\n")
    assert body.count(b"# EOF") == 1
    assert parsed(body, openmetrics=True)["liquidation_events"]["type"] == "counter"


@pytest.mark.parametrize("accept", [None, *NONSENSE])
def test_text_for_everybody_else(accept):
    body, content_type = Exposition(empty_view()).render(accept, NOW_MS)
    assert content_type == TEXT_TYPE
    assert b"# EOF" not in body
    assert b"\n\n" not in body
    assert parsed(body)["liquidation_events"]["type"] == "counter"


@pytest.mark.parametrize("accept", [None, OPENMETRICS])
def test_no_creation_times(accept):
    body, _ = Exposition(busy_view(20)).render(accept, NOW_MS)
    assert b"_created" not in body


def test_formats_do_not_disturb_each_other():
    exposition = Exposition(busy_view(20))
    first, _ = exposition.render(None, NOW_MS)
    exposition.render(OPENMETRICS, NOW_MS)
    again, _ = exposition.render(None, NOW_MS)
    assert parsed(again) == parsed(first)


def test_trouble_of_the_journal_and_the_configuration_is_shown():
    view = empty_view()
    view.journal.up, view.journal.queued, view.journal.dropped = False, 17, 4
    view.reload_successful = False
    shown = values(Exposition(view).render(None, NOW_MS)[0])
    assert shown["liquidation_journal_up"] == 0
    assert shown["liquidation_journal_queue_events"] == 17
    assert shown["liquidation_journal_dropped_events_total"] == 4
    assert shown["liquidation_config_last_reload_successful"] == 0


async def test_rendering_in_a_thread_while_events_arrive():
    """No scrape fails or shows a counter running backwards, and the last one shows everything."""
    view = empty_view()
    exposition = Exposition(view)
    rng = random.Random(11)
    before: dict[str, float] = {}
    seq = 0
    for scrape in range(8):
        rendering = asyncio.create_task(asyncio.to_thread(exposition.render, None, NOW_MS + scrape))
        while not rendering.done():
            for _ in range(50):
                seq += 1
                base = rng.choice((*MAIN, f"C{rng.randrange(900)}"))
                exchange, side = rng.choice(("binance", "bybit")), rng.choice(SIDES)
                view.ledger.apply(seq, event(exchange, base, side, usd=rng.random()))
                view.exchanges[exchange].quarantined[f"reason_{rng.randrange(50)}"] += 1
                view.exchanges[exchange].mark_prices[base] = rng.random()
                view.exchanges[exchange].last_prices[base] = rng.random()
                next(iter(view.exchanges[exchange].feeds.values())).connections[seq % 7] = "live"
            await asyncio.sleep(0)
        body, _ = await rendering
        counters = {series: value for series, value in values(body).items() if "_total{" in series}
        assert all(counters[series] >= value for series, value in before.items() if series.startswith("liquidation"))
        before = counters
    last, _ = exposition.render(None, NOW_MS + 60_000)  # in which the coins with windows are ranked anew
    assert parsed(last) == parsed(Exposition(view).render(None, NOW_MS + 60_000)[0])
    assert sum(value for series, value in values(last).items() if series.startswith("liquidation_events_total")) == seq
