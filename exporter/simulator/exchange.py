"""What all simulated exchanges share: clients, listings, faults, and the record of everything that was sent."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from random import Random
from typing import ClassVar

from aiohttp import web

from exporter.simulator.contracts import Contract
from exporter.simulator.crowd import crowd
from exporter.simulator.faults import Faults
from exporter.simulator.garbage import NOT_UTF8, OVERSIZED, Frame
from exporter.simulator.hub import Hub
from exporter.simulator.limits import Guard, Limits
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order, Record
from exporter.simulator.scenarios import Fault
from exporter.simulator.server import Server
from exporter.simulator.sockets import CLOSE_TIMEOUT_S, Socket
from exporter.simulator.truthfile import TruthEvent

FLOOD_PER_TICK = 500
"""Ticks are a twentieth of a second apart: 10,000 frames a second."""
FLAP_S = 1.0


class SimulatedExchange(ABC):
    """One exchange on one port: the wire is the subclass's, the rest is here.

    `contracts` are all of them by symbol; those in `unlisted` are not in REST (yet). `duplicates` and `bad_rows` are
    the shares of event frames that are sent twice, or with a broken row. Who exceeds one of the documented `limits` is
    cut, or not let in.
    """

    name: ClassVar[str]
    limits: ClassVar[Limits] = Limits()
    rest_endpoints: ClassVar[tuple[str, ...]] = ("rest",)
    socket_paths: ClassVar[tuple[str, ...]]
    rest_paths: ClassVar[tuple[str, ...]]
    past_paths: ClassVar[tuple[str, ...]] = ()

    def __init__(self, prices: Prices, seed: int) -> None:
        self.contracts = {contract.symbol: contract for contract in self.table()}
        self.unlisted = {name for name, contract in self.contracts.items() if contract.listed_s > 0}
        self.prices = prices
        self.rng = Random(f"{seed}:{self.name}")
        self.hub = Hub(self.wrap)
        self.faults = Faults()
        self.guard = Guard(self.limits)
        self.records: list[Record] = []
        self.duplicates = self.bad_rows = 0.0
        self.idle_limit_s = float("inf")
        self._served: set[str] = set()
        self._absence: asyncio.Task[None] | None = None
        self._server = Server(
            [web.get(path, self._accept) for path in self.socket_paths]
            + [web.get(path, self._answer) for path in self.rest_paths]
            + [web.get(path, self._recall) for path in self.past_paths]
        )

    @staticmethod
    @abstractmethod
    def table() -> list[Contract]:
        """Return every contract that it has at the start of a run, or lists during it."""

    @abstractmethod
    def greet(self, socket: Socket, request: web.Request) -> None:
        """Take note of what the address of a new socket asks for."""

    @abstractmethod
    def hear(self, socket: Socket, text: str) -> None:
        """Answer a request of a client."""

    @abstractmethod
    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:
        """Return the body of a REST answer about the `listed` contracts, and the symbols in it."""

    @abstractmethod
    def offer(self, order: Order) -> bool:
        """Take an order of the market; returns whether it will be sent."""

    @abstractmethod
    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send what is due at an instant of the market; at the end of a run everything is."""

    @abstractmethod
    def pulse(self, now: int) -> None:
        """Send the prices that are due at `now` (ms)."""

    @abstractmethod
    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:
        """Return topic and frame of orders of one contract that are sent together."""

    @abstractmethod
    def junk(self) -> Frame:
        """Return a frame that no client can use, and that ends no connection."""

    @abstractmethod
    def attended(self) -> bool:
        """Whether somebody listens to the liquidations of every product line."""

    def trade(self, order: Order) -> None:  # noqa: B027 - most exchanges have no tape
        """Send a trade that is no liquidation, where those share a channel with liquidations."""

    def recall(self, request: web.Request) -> bytes:
        """Return the body of a REST answer about what was sent; only where there are `past_paths`."""
        raise NotImplementedError(request.path)

    def wrap(self, socket: Socket, topic: str, frame: bytes) -> bytes:  # noqa: ARG002 - what a subclass may need
        """Return a frame in the shape that the socket asked for."""
        return frame

    def endpoints(self) -> dict[str, str]:
        """Return its addresses, named as the exporter's configuration names them."""
        address = f"{self._server.host}:{self._server.port}"
        return {"ws": f"ws://{address}"} | dict.fromkeys(self.rest_endpoints, f"http://{address}")

    async def start(self, host: str, port: int) -> None:
        """Listen on `port`, 0 for a free one; raises `OSError` when it is taken or `host` is not of this machine."""
        await self._server.start(host, port)

    async def stop(self) -> None:
        """End all connections with a close handshake and give up the port."""
        if self._absence:
            self._absence.cancel()
            await asyncio.wait([self._absence])
        await self._server.close_port()
        await self.hub.close()
        await self._server.stop()

    def inflict(self, fault: Fault) -> None:
        """Begin a fault."""
        match fault.kind:
            case "close" | "abort" | "half_open":
                self.hub.drop(fault.kind)
            case "oversized":
                self.send_raw(OVERSIZED)
            case "not_utf8":
                self.send_raw(NOT_UTF8)
            case "offline":
                self._absence = asyncio.create_task(self._go_offline(fault.seconds))
            case lasting:
                self.faults.begin(lasting, fault.seconds, fault.status)

    def enlarge(self, count: int) -> None:
        """List contracts that nobody trades, until there are `count` in all."""
        for contract in list(crowd(self.contracts.values(), max(0, count - len(self.contracts)))):
            self.contracts[contract.symbol] = contract
            self.prices.add(contract.coin, contract.reference_price)

    def list_symbol(self, symbol: str, like: str, *, in_rest: bool) -> Contract:
        """Add a contract with the terms of `like` and a coin named as the symbol is without its quote."""
        contract = self.contracts.get(symbol)
        if contract is None:
            model = self.contracts[like]
            coin = symbol.removesuffix(model.quote)
            contract = replace(model, symbol=symbol, coin=coin, wire_base=coin, multiplier=1, listed_s=inf)
            self.contracts[symbol] = contract
            self.prices.add(coin, contract.reference_price)
        (self.unlisted.discard if in_rest else self.unlisted.add)(symbol)
        return contract

    def tick(self, elapsed_s: float) -> None:
        """Do what time brings, `elapsed_s` into the run: prices, new listings, pings, and what is wrong just now."""
        if not self.faults.on("silence"):
            self.pulse(now_ms())
        self.unlisted -= {symbol for symbol in self.unlisted if self.contracts[symbol].listed_s <= elapsed_s}
        self.hub.tick(self.idle_limit_s)
        if self.faults.on("flood"):
            for _ in range(FLOOD_PER_TICK):
                self.send_raw(self.junk())
        if self.faults.on("flap"):
            for socket in [each for each in self.hub.sockets if each.age_s() >= FLAP_S]:
                socket.abort()

    def publish(self, orders: Sequence[Order]) -> None:
        """Send orders of one contract in one frame, and record them, whoever hears it."""
        sent_ms = now_ms()
        records = [Record(order, sent_ms) for order in orders]
        self.records += records
        topic, frame = self.encode(orders, sent_ms)
        if not self.faults.on("silence"):
            self.hub.push(topic, frame, records, times=2 if self.rng.random() < self.duplicates else 1)

    def send_raw(self, frame: Frame) -> None:
        """Send any frame to every client."""
        for socket in self.hub.sockets:
            socket.send(frame[0], kind=frame[1])

    def subscribed(self, socket: Socket) -> None:
        """Greet a new subscription; where frames are duplicated, with the newest ones again."""
        if self.duplicates:
            self.hub.redeliver(socket)

    def truth(self) -> list[TruthEvent]:
        """Return everything that was sent.

        A contract listed during the run counts as resolvable only when a client was told of it.
        """
        told = self._served | {name for name, contract in self.contracts.items() if contract.listed_s <= 0}
        return [
            record.truth(f"{self.name}-{number}", resolvable=record.order.contract.symbol in told)
            for number, record in enumerate(self.records, 1)
        ]

    async def _go_offline(self, seconds: float) -> None:
        """Vanish: connections are reset, new ones refused by the operating system."""
        await self._server.close_port()
        self.hub.drop("abort")
        await asyncio.sleep(seconds)
        await self._server.open_port()

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        await self.faults.over("stall")
        if request.transport is None:  # the client did not wait for it
            return web.Response(status=408)
        if self.faults.on("refuse"):
            return web.Response(status=self.faults.status)
        if not self.guard.admits(_loop_time(), len(self.hub.sockets)):
            return web.Response(status=429)
        ws = web.WebSocketResponse(autoping=False, autoclose=False, compress=False, timeout=CLOSE_TIMEOUT_S)
        await ws.prepare(request)
        socket = Socket(ws, request, self.guard.meter(), self.faults)
        self.hub.sockets.add(socket)
        try:
            self.greet(socket, request)
            async for text in socket.requests():
                if self.guard.allows(_loop_time(), socket.meter):
                    self.hear(socket, text)
                else:
                    socket.close()
        finally:
            self.hub.sockets.discard(socket)
            await socket.finish()
        return ws

    async def _answer(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.faults.left_s("hold_rest"))
        if self.faults.on("refuse") or self.faults.on("refuse_rest"):
            return web.Response(status=self.faults.status)
        listed = [contract for symbol, contract in self.contracts.items() if symbol not in self.unlisted]
        body, symbols = self.instruments(request, listed)
        self._served.update(symbols)
        return web.Response(body=body, content_type="application/json")

    async def _recall(self, request: web.Request) -> web.Response:
        if self.faults.on("refuse") or self.faults.on("refuse_rest"):
            return web.Response(status=self.faults.status)
        return web.Response(body=self.recall(request), content_type="application/json")


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def now_ms() -> int:
    """Return the wall clock."""
    return time.time_ns() // 1_000_000
