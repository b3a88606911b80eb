"""One exchange misbehaves, each of the four ways: it is cut and held off, the others go on and count everything."""

import pytest
from structlog.testing import capture_logs

from exporter.simulator import Simulator
from exporter.simulator.scenarios import Fault
from tests.integration.whole import exporter, live, scrape, settled, total, until

OTHERS = ("binance", "gate")
FOR_LONG_S = 600.0
HOSTILE = [
    ("garble", "okx", "malformed", "most frames are malformed"),
    ("flood", "deribit", "flood", "flooded with unusable frames"),
    ("flap", "kraken", "closed", "connection lost"),
    ("stall", "htx", "stalled", "nothing arrives for 4 s, not even the answer to a ping"),
]


@pytest.mark.parametrize(("form", "name", "reason", "words"), HOSTILE)
async def test_it_is_cut_and_the_others_go_on(form, name, reason, words, tmp_path):
    simulator = Simulator("calm", 16, rate=60, exchanges=[name, *OTHERS])
    await simulator.start()
    try:
        with capture_logs() as lines:
            async with exporter(simulator, tmp_path) as app:
                await until(lambda: live(app) and total(app) > 50)
                status = app.view.exchanges[name]
                simulator.inflict(Fault(name, form, FOR_LONG_S))
                await until(lambda: status.reconnects[reason] >= 1 and status.state == "down")
                assert status.reason == words
                page = await scrape(app)
                counted = total(app)
                await until(lambda: total(app) > counted + 60)
                for other in (app.view.exchanges[each] for each in OTHERS):
                    assert (other.state, other.reconnects.total()) == ("live", 0)
                simulator.inflict(Fault(name, form, 0.0))
                _, comparison = await settled(app, simulator)
                assert comparison.ok, comparison.wrong()[:5]
                attempts = status.reconnects.total()
    finally:
        await simulator.stop()
    assert f'liquidation_exchange_state{{exchange="{name}",state="down"}} 1' in page
    assert f'liquidation_exchange_reconnects_total{{exchange="{name}",reason="{reason}"}} 0' not in page
    told = [line for line in lines if line.get("exchange") == name and line["event"].startswith("feed")]
    assert len(told) <= 2 * (attempts + len(status.feeds)), "every change of state is told once, no frame is"


async def test_a_peer_that_has_stopped_is_left_for_one_that_answers(tmp_path):
    simulator = Simulator("calm", 17, rate=60, exchanges=["bitfinex"])
    await simulator.start()
    try:
        async with exporter(simulator, tmp_path, **{"feeds.stalled_after": "1s", "feeds.backoff_max": "1s"}) as app:
            await until(lambda: live(app) and total(app) > 20)
            simulator.inflict(Fault("bitfinex", "stall", 3.0))
            await until(lambda: app.view.exchanges["bitfinex"].reconnects["stalled"] >= 1)
            await until(lambda: live(app))
            counted = total(app)
            await until(lambda: total(app) > counted + 60)
            _, comparison = await settled(app, simulator)
            assert comparison.ok, comparison.wrong()[:5]
    finally:
        await simulator.stop()
