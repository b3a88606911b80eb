"""Simulated exchanges in a process of their own, which does what it is told and answers what it is asked."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from exporter.simulator import Simulator
from exporter.simulator.limits import Use
from exporter.simulator.scenarios import Fault
from exporter.simulator.truthfile import TruthEvent

SCENARIO, SEED = "calm", 1


class Market(msgspec.Struct, frozen=True):
    """A running simulator: where its exchanges are, and how to speak to it."""

    endpoints: dict[str, dict[str, str]]
    ask: Callable[..., Any]

    def inflict(self, fault: Fault) -> None:
        """Begin a fault."""
        self.ask("inflict", fault)

    def sockets(self) -> dict[str, int]:
        """Return how many connections each exchange has."""
        return self.ask("sockets")

    def uses(self) -> dict[str, list[Use]]:
        """Return what was made of the documented limits of each exchange."""
        return self.ask("uses")

    def refused(self) -> int:
        """Return how many connections were cut, or not let in, because of a limit."""
        return self.ask("refused")

    def truth(self) -> list[TruthEvent]:
        """End the market and return everything that was sent."""
        return self.ask("truth")


@contextmanager
def market(rate: float, trades: float = 0.0, instruments: Mapping[str, int] | None = None) -> Iterator[Market]:
    """Run all exchanges with `rate` liquidations a second in all and `trades` ordinary ones a second on each tape."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, rate, trades, dict(instruments or {})), daemon=True)
    process.start()

    def ask(what: str, *arguments: object) -> object:
        ours.send((what, *arguments))
        return ours.recv()

    try:
        yield Market(ours.recv(), ask)
    finally:
        process.kill()
        process.join()


def serve(pipe: Connection, rate: float, trades: float, instruments: Mapping[str, int]) -> None:
    asyncio.run(_serve(pipe, rate, trades, instruments))


async def _serve(pipe: Connection, rate: float, trades: float, instruments: Mapping[str, int]) -> None:
    simulator = Simulator(SCENARIO, SEED, rate=rate, patience_s=90.0)
    simulator.enlarge(instruments)
    simulator.engine.trades = trades
    await simulator.start()
    pipe.send(simulator.endpoints())
    while True:
        what, *arguments = await asyncio.to_thread(pipe.recv)
        pipe.send(await _answer(simulator, what, *arguments))


async def _answer(simulator: Simulator, what: str, *arguments: Any) -> object:
    exchanges = simulator.exchanges
    match what:
        case "inflict":
            simulator.inflict(*arguments)
        case "sockets":
            return {name: len(each.hub.sockets) for name, each in exchanges.items()}
        case "uses":
            return {name: each.guard.uses() for name, each in exchanges.items()}
        case "refused":
            return sum(each.guard.refused for each in exchanges.values())
        case "truth":
            return await simulator.settle()
    return None
