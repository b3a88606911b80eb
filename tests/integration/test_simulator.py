"""Whole runs of the simulator over real sockets, and the `simulate` command."""

import asyncio
import json
import os
import signal
from contextlib import suppress

import pytest
import websockets

from exporter.simulator import SCENARIOS, Simulator, serve, truthfile
from exporter.simulator.catalogue import EXCHANGES
from tests.integration.simulated import (
    FORCED,
    ROUTES,
    Reader,
    keys,
    listening,
    running,
    until,
)


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_every_certain_event_is_received_and_nothing_else(scenario):
    async with running(scenario, rate=None, patience_s=10) as simulator:
        reader = Reader(simulator)
        broken = scenario in {"outage", "hostile"}
        async with listening(reader):
            await until(lambda: simulator.market.elapsed_ms >= (8_000 if broken else 3_000) and simulator.sent >= 3)
            await until(lambda: reader.disconnects or not broken)
            truth = await simulator.settle()
            sent = dict(keys(truth))
            certain = {key for key, sure in sent.items() if sure}
            await until(lambda: certain <= reader.seen)
        assert len(sent) == len(truth), "no two events look the same"
        assert reader.seen <= sent.keys()
        assert certain
        assert broken or certain == sent.keys()


async def test_the_market_waits_for_its_audience():
    async with running("busy", rate=None, patience_s=60) as simulator:
        reader = Reader(simulator)
        async with listening(reader, {"binance": ROUTES["binance"]}):
            await until(simulator.exchanges["binance"].attended)
            assert not simulator.engine.is_open
            async with listening(reader, {"bybit": ROUTES["bybit"]}):
                await until(lambda: simulator.engine.is_open)


async def test_a_seed_sends_the_same_events_over_sockets():
    stories = []
    for _ in range(2):
        async with running("cascade", 5, rate=None) as simulator:
            await until(lambda: simulator.market.elapsed_ms >= 2_500)
            epoch = simulator.market.epoch_ms
            truth = await simulator.settle()
            stories.append(
                {
                    (event.instrument, event.time_ms - epoch, event.side, event.price, event.quantity)
                    for event in truth
                    if event.time_ms - epoch < 1_400
                }
            )
    assert stories[0] == stories[1]


async def test_three_thousand_a_second():
    async with running("calm", rate=3000.0, patience_s=10) as simulator, listening(Reader(simulator)):
        await until(lambda: simulator.market.elapsed_ms >= 3_000)
        truth = await simulator.settle()
        assert all(event.certain for event in truth)
        assert len(truth) >= 0.9 * 3 * simulator.market.elapsed_ms


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, None])
async def test_serve_announces_and_writes_the_truth(ending, tmp_path, capfd):
    announced = asyncio.get_running_loop().create_future()
    path = tmp_path / "truth.jsonl"
    duration = None if ending else 1.5
    run = asyncio.create_task(serve("calm", 1, duration, path, 0, announced.set_result, rate=50.0))
    endpoints = (await announced)["endpoints"]
    assert set(endpoints) == set(EXCHANGES)
    assert set(endpoints["binance"]) == {"ws", "rest", "rest_coin"}
    async with (
        websockets.connect(endpoints["binance"]["ws"] + f"/market/ws/{FORCED}", proxy=None) as binance,
        websockets.connect(endpoints["bybit"]["ws"] + "/v5/public/inverse", proxy=None) as inverse,
        websockets.connect(endpoints["bybit"]["ws"] + "/v5/public/linear", proxy=None) as linear,
    ):
        await inverse.send('{"op":"subscribe","args":["allLiquidation.BTCUSD"]}')
        await linear.send('{"op":"subscribe","args":["allLiquidation.BTCUSDT"]}')
        seen = []
        if ending:
            seen.append(json.loads(await binance.recv()))
            os.kill(os.getpid(), ending)
            os.kill(os.getpid(), ending)
        with suppress(websockets.ConnectionClosed):
            while True:
                seen.append(json.loads(await binance.recv()))
        await run
    events = [event for event in truthfile.read(path) if event.exchange == "binance"]
    assert [event.time_ms for event in events] == sorted(frame["o"]["T"] for frame in seen)
    assert all(event.certain for event in events)
    assert not path.with_name("truth.jsonl.partial").exists()


async def test_serve_uses_the_ports_it_was_given_and_says_when_one_is_taken():
    async with running() as simulator:
        taken = int(simulator.endpoints()["bybit"]["ws"].rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await serve("calm", 1, 0.1, None, taken, print)


@pytest.mark.parametrize(
    "arguments", [("nonsense", {}), ("calm", {"exchanges": ["nyse"]}), ("calm", {"hostile": "nyse"})]
)
def test_unknown_names_are_errors(arguments):
    scenario, options = arguments
    with pytest.raises(ValueError, match="known: "):
        Simulator(scenario, 1, **options)
