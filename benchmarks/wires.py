"""Frames and instruments of every exchange, as the simulated ones write them, without sockets."""

import gzip
from collections.abc import Iterator
from random import Random

from aiohttp.test_utils import make_mocked_request

from benchmarks.frames import Frame
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Liquidations
from exporter.model import SIDES, Instrument, RawLiquidation
from exporter.simulator.catalogue import EXCHANGES
from exporter.simulator.contracts import Contract
from exporter.simulator.crowd import MODEL
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order

SMALLEST_USD, LARGEST_USD = 100.0, 50_000.0


class Listener:
    """What an exchange asks of a socket when it writes a frame for it."""

    def __init__(self, path: str) -> None:
        self.path = path


class Wire:
    """One exchange with `instruments` perpetuals that are liquidated, each as often as the others."""

    def __init__(self, name: str, instruments: int, seed: int = 1) -> None:
        self.name = name
        self._rng = Random(f"{seed}:{name}")
        self._exchange = exchange = EXCHANGES[name](Prices(seed), seed)
        exchange.enlarge(len(exchange.contracts) + instruments)
        known = [each for each in exchange.contracts.values() if each.coin == MODEL or each.coin.startswith("Q")]
        self._traded: list[Contract] = known[:instruments]
        feed = REGISTRY[name].feeds[0]
        self._socket = Listener(feed.path.partition("?")[0])
        self._gzip = feed.gzip

    def instruments(self) -> list[Instrument]:
        """Return what the exchange's REST lists."""
        return [each for request in REGISTRY[self.name].instrument_requests for each in self._listed(request)]

    def frame(self, time_ms: int) -> Frame:
        """Return a frame with one liquidation of that time."""
        contract = self._rng.choice(self._traded)
        price = contract.reference_price * self._rng.uniform(0.9, 1.1)
        usd = self._rng.uniform(SMALLEST_USD, LARGEST_USD)
        quantity = contract.quantity_text(usd, price)
        order = Order(contract, time_ms, self._rng.choice(SIDES), contract.price_text(price), quantity)
        topic, body = self._exchange.encode([order], time_ms)
        return Frame(self.name, self._exchange.wrap(self._socket, topic, body), 1)

    def events(self, time_ms: int) -> list[RawLiquidation]:
        """Return the liquidation of that time as the exchange's parser reads it."""
        body = self.frame(time_ms).body
        parsed = REGISTRY[self.name].parse(gzip.decompress(body) if self._gzip else body, time_ms)
        assert isinstance(parsed, Liquidations)
        return parsed.events

    def _listed(self, request) -> Iterator[Instrument]:
        contracts = list(self._exchange.contracts.values())
        while request:
            asked = make_mocked_request("GET", request.path, match_info={"settle": request.feed})
            body, _ = self._exchange.instruments(asked, contracts)
            page = REGISTRY[self.name].parse_instruments(request, body)
            yield from page.instruments
            request = page.next_request
