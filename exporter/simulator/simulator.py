"""A run: the exchanges on their ports, the market that moves them, and the script's faults."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random

from aiohttp import WSMsgType

from exporter.model import Side
from exporter.simulator.catalogue import EXCHANGES
from exporter.simulator.contracts import Contract
from exporter.simulator.engine import Engine
from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.hub import DropMode, wait_gone
from exporter.simulator.market import Market, Prices
from exporter.simulator.orders import Order
from exporter.simulator.scenarios import SCENARIOS, SCRIPTS, Cast, Fault
from exporter.simulator.server import HOST
from exporter.simulator.truthfile import TruthEvent


class Simulator:
    """Simulated exchanges that play a scenario.

    The market opens one second after every product line has a subscriber, so that a client misses nothing of the
    beginning, but at most `patience_s` after the start. `rate` replaces the script's rates by a steady one, in
    liquidations sent a second; with 0 nothing happens but what is asked for through the methods. `hostile` is the
    exchange that misbehaves in the scenario of that name, Bybit unless told otherwise. The market opens `ago_s` in the
    past, where it stays behind until `engine.skip`. An unknown scenario or exchange
    raises `ValueError`.
    """

    def __init__(
        self,
        scenario: str,
        seed: int,
        *,
        rate: float | None = None,
        exchanges: Sequence[str] = tuple(EXCHANGES),
        hostile: str | None = None,
        patience_s: float = 10.0,
        ago_s: float = 0.0,
    ) -> None:
        _check("scenario", scenario, SCENARIOS)
        for name in exchanges:
            _check("exchange", name, tuple(EXCHANGES))
        hostile = hostile or ("bybit" if "bybit" in exchanges else exchanges[0])
        _check("hostile exchange", hostile, exchanges)
        prices = Prices(seed)
        self.exchanges: dict[str, SimulatedExchange] = {name: EXCHANGES[name](prices, seed) for name in exchanges}
        script = SCRIPTS[scenario](Random(f"{seed}:script"), Cast(tuple(exchanges), hostile))
        contracts = [c for exchange in self.exchanges.values() for c in exchange.contracts.values()]
        self.market = Market(contracts, prices, script, seed, rate)
        self.engine = Engine(self.market, self.exchanges, patience_s, ago_s)
        self._run: asyncio.Task[None] | None = None
        self._last_emitted_ms: dict[str, int] = {}

    @property
    def sent(self) -> int:
        """How many liquidations were sent."""
        return sum(len(exchange.records) for exchange in self.exchanges.values())

    @property
    def open_sockets(self) -> int:
        """How many clients are connected."""
        return sum(len(exchange.hub.sockets) for exchange in self.exchanges.values())

    async def start(self, port: int = 0, host: str = HOST) -> None:
        """Listen, the exchanges on consecutive ports from `port` on or on free ones; raises `OSError` when taken.

        `host` is a name or an address of this machine; clients are told to use it.
        """
        for number, exchange in enumerate(self.exchanges.values()):
            await exchange.start(host, port + number if port else 0)
        self._run = asyncio.create_task(self.engine.play())

    def endpoints(self) -> dict[str, dict[str, str]]:
        """Return the addresses, to be used as `exchanges.<name>.endpoints` of the exporter's configuration."""
        return {name: exchange.endpoints() for name, exchange in self.exchanges.items()}

    def enlarge(self, instruments: Mapping[str, int]) -> None:
        """Have exchanges list so many contracts at least; those beyond their tables are never traded."""
        for name, count in instruments.items():
            self.exchanges[name].enlarge(count)

    async def failed(self) -> None:
        """Wait until the run breaks, and raise why; it never ends by itself."""
        if self._run:
            await asyncio.shield(self._run)

    async def settle(self) -> list[TruthEvent]:
        """End the market, have every client prove what it received (within 5 s), and return the truth.

        Connections stay open; nothing more is sent on them. Raises what broke the run, if anything did.
        """
        if self._run and self._run.done() and not self._run.cancelled():
            self._run.result()
        if self._run and not self._run.done():
            self._run.cancel()
            await asyncio.wait([self._run])
            for exchange in self.exchanges.values():
                exchange.flush(self.market.now_ms, final=True)
            async with asyncio.TaskGroup() as group:
                for exchange in self.exchanges.values():
                    group.create_task(exchange.hub.barrier())
        return [event for exchange in self.exchanges.values() for event in exchange.truth()]

    async def stop(self) -> list[TruthEvent]:
        """Settle, close every connection with a handshake, give up the ports, and return the truth."""
        try:
            return await self.settle()
        finally:
            async with asyncio.TaskGroup() as group:
                for exchange in self.exchanges.values():
                    group.create_task(exchange.stop())

    # --- what other tests do to a client --------------------------------------------------------------------------

    def emit(self, exchange: str, symbol: str, side: Side, quantity: str | float, price: str | float) -> Order:
        """Send one liquidation now, past any sampling; quantity and price are the wire's own."""
        contract = self.exchanges[exchange].contracts[symbol]
        time_ms = max(now_ms(), self._last_emitted_ms.get(symbol, 0) + 1)
        self._last_emitted_ms[symbol] = time_ms
        order = Order(contract, time_ms, side, _plain(price), _plain(quantity))
        self.exchanges[exchange].publish([order])
        return order

    def send_raw(self, exchange: str, frame: bytes | str) -> None:
        """Send a frame to every client of an exchange: text for a `str`, binary for `bytes`."""
        text = isinstance(frame, str)
        data = frame.encode() if isinstance(frame, str) else frame
        self.exchanges[exchange].send_raw((data, WSMsgType.TEXT if text else WSMsgType.BINARY))

    async def drop_connections(self, exchange: str, mode: DropMode = "close") -> None:
        """End all connections of an exchange and wait until they have ended.

        `close` has a close handshake, `abort` resets TCP, `half_open` never answers again (and is not waited for).
        """
        await wait_gone(self.exchanges[exchange].hub.drop(mode))

    def refuse(self, exchange: str, status: int, seconds: float) -> None:
        """Answer new sockets and REST with an HTTP status for some time; open sockets stay."""
        self.inflict(Fault(exchange, "refuse", seconds, status))

    def refuse_rest(self, exchange: str, status: int, seconds: float) -> None:
        """Answer REST with an HTTP status for some time."""
        self.inflict(Fault(exchange, "refuse_rest", seconds, status))

    def refuse_subscriptions(self, exchange: str, seconds: float) -> None:
        """Refuse subscription requests for some time."""
        self.inflict(Fault(exchange, "refuse_subscriptions", seconds))

    def hold_rest(self, exchange: str, seconds: float) -> None:
        """Answer REST only after some time."""
        self.inflict(Fault(exchange, "hold_rest", seconds))

    def silence(self, exchange: str, seconds: float) -> None:
        """Send neither liquidations nor prices for some time; pings and requests are answered."""
        self.inflict(Fault(exchange, "silence", seconds))

    def go_offline(self, exchange: str, seconds: float) -> None:
        """Reset all connections of an exchange and close its port for some time."""
        self.inflict(Fault(exchange, "offline", seconds))

    def inflict(self, fault: Fault) -> None:
        """Begin any fault that a script can have."""
        self.exchanges[fault.exchange].inflict(fault)

    def list_symbol(self, exchange: str, symbol: str, like: str, *, in_rest: bool = True) -> Contract:
        """Add a contract with the terms of another and a coin of its own; returns it.

        Without `in_rest` it can be emitted while REST does not know it; a second call with `in_rest` lists it there.
        """
        return self.exchanges[exchange].list_symbol(symbol, like, in_rest=in_rest)


def _check(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise ValueError(f"unknown {what} {name!r}; known: {', '.join(known)}")


def _plain(number: str | float) -> str:
    """Write a number as exchanges do, without an exponent."""
    return number if isinstance(number, str) else f"{Decimal(str(number)):f}"
