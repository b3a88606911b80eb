"""Frames as the exchanges send them, made up here, and what they add up to.

The shapes are those of the exchanges' documented frames. A few contracts of the hundreds get most liquidations, as in
life. Every event is unique: no two of one contract bear the same millisecond.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from math import floor, log10
from typing import NamedTuple

import msgspec

from exporter.config import Metrics
from exporter.exchanges import REGISTRY
from exporter.model import LONG, SHORT, Instrument, Side

COINS = 300
MAIN = Metrics().bases
INVERSE_SHARE = 0.08
BINANCE_FRAMES = 0.5
MEAN_EXTRA_ROWS = 3.0
"""A Bybit frame has 3.5 rows on average: one, and the whole part of an exponential number of this mean."""
MOST_ROWS = 20
DELAY_MS = 150

_BINANCE = (
    '{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":%d,"o":{"s":"%s","S":"%s","o":"LIMIT","f":"IOC",'
    '"q":"%s","p":"%s","ap":"%s","X":"FILLED","l":"%s","z":"%s","T":%d},"st":%d,"ps":"%s"}}'
)
_BYBIT = '{"topic":"allLiquidation.%s","type":"snapshot","ts":%d,"data":[%s]}'
_BYBIT_ROW = '{"T":%d,"s":"%s","S":"%s","v":"%s","p":"%s"}'


class Contract(NamedTuple):
    """`usd_each` is the value of one unit of quantity in an inverse contract, 0 in a linear one."""

    symbol: str
    coin: str
    price: float
    usd_each: int

    def texts(self, rng: random.Random) -> tuple[str, str, float]:
        """Draw quantity and price as written on the wire, and the USD that they make."""
        decimals = max(0, 5 - floor(log10(self.price)))
        price = f"{self.price * rng.uniform(0.99, 1.01):.{decimals}f}"
        usd = min(rng.lognormvariate(7, 2), 5e6)
        if self.usd_each:
            quantity = str(1 + int(usd / self.usd_each))
            return quantity, price, int(quantity) * self.usd_each
        places = max(0, floor(log10(self.price)) + 1)
        quantity = f"{max(usd / self.price, 10.0**-places):.{places}f}"
        return quantity, price, float(quantity) * float(price)


class Frame(NamedTuple):
    """One frame and how many events are in it."""

    exchange: str
    body: bytes
    events: int


class Sent:
    """What was sent of one exchange and side."""

    def __init__(self) -> None:
        self.events = 0
        self.usd = 0.0


class Traffic:
    """An endless stream of frames whose events happen at `per_second` from `start_ms` on."""

    def __init__(self, start_ms: int, per_second: float, seed: int = 1) -> None:
        self.sent: dict[tuple[str, Side], Sent] = defaultdict(Sent)
        self._rng = random.Random(seed)
        self._clock_ms = float(start_ms)
        self._step_ms = 1000 / per_second
        self._last_ms: dict[str, int] = {}
        self._contracts = {name: contracts(name) for name in REGISTRY}
        self._weights = {name: list(accumulate(_weights(table))) for name, table in self._contracts.items()}

    @property
    def now_ms(self) -> int:
        """The time of the newest event."""
        return int(self._clock_ms)

    def frames(self, events: int) -> list[Frame]:
        """Return the next frames, with at least so many events."""
        result, count = [], 0
        while count < events:
            frame = self._binance() if self._rng.random() < BINANCE_FRAMES else self._bybit()
            result.append(frame)
            count += frame.events
        return result

    def _binance(self) -> Frame:
        contract, side = self._draw("binance")
        at = self._at("binance", contract)
        quantity, price, usd = contract.texts(self._rng)
        order = "SELL" if side == LONG else "BUY"
        line, pair = 2 if contract.usd_each else 1, contract.symbol.partition("_")[0]
        numbers = (quantity, price, price, quantity, quantity)
        body = _BINANCE % (at + DELAY_MS, contract.symbol, order, *numbers, at, line, pair)
        self._count("binance", side, usd)
        return Frame("binance", body.encode(), 1)

    def _bybit(self) -> Frame:
        contract, side = self._draw("bybit")
        position = "Buy" if side == LONG else "Sell"
        count = min(MOST_ROWS, 1 + int(self._rng.expovariate(1 / MEAN_EXTRA_ROWS)))
        rows = []
        for _ in range(count):
            quantity, price, usd = contract.texts(self._rng)
            rows.append(_BYBIT_ROW % (self._at("bybit", contract), contract.symbol, position, quantity, price))
            self._count("bybit", side, usd)
        body = _BYBIT % (contract.symbol, self.now_ms + DELAY_MS, ",".join(rows))
        return Frame("bybit", body.encode(), count)

    def _draw(self, exchange: str) -> tuple[Contract, Side]:
        (contract,) = self._rng.choices(self._contracts[exchange], cum_weights=self._weights[exchange])
        return contract, LONG if self._rng.random() < 0.55 else SHORT

    def _at(self, exchange: str, contract: Contract) -> int:
        self._clock_ms += self._step_ms
        key = exchange + contract.symbol
        at = self._last_ms[key] = max(int(self._clock_ms), self._last_ms.get(key, 0) + 1)
        return at

    def _count(self, exchange: str, side: Side, usd: float) -> None:
        sent = self.sent[exchange, side]
        sent.events += 1
        sent.usd += usd


def contracts(exchange: str) -> list[Contract]:
    """Return the contracts of an exchange, the most liquidated first: linear, then inverse ones of the main coins."""
    rng = random.Random(3)
    coins = [*MAIN, *(f"COIN{number}" for number in range(COINS - len(MAIN)))]
    prices = {coin: 10 ** rng.uniform(-4, 4) for coin in coins}
    linear = [Contract(f"{coin}USDT", coin, prices[coin], 0) for coin in coins]
    if exchange == "binance":
        return linear + [Contract(f"{coin}USD_PERP", coin, prices[coin], 10) for coin in MAIN]
    return linear + [Contract(f"{coin}USD", coin, prices[coin], 1) for coin in MAIN]


def instruments(exchange: str) -> list[Instrument]:
    """Return the same contracts as the exporter's parser reads them from the exchange's REST answers."""
    parser = REGISTRY[exchange]
    bodies = _exchange_info() if exchange == "binance" else _instruments_info()
    return [
        instrument
        for body in bodies
        for instrument in parser.parse_instruments(parser.instrument_requests[0], body).instruments
    ]


def _weights(table: list[Contract]) -> list[float]:
    """Return Zipf's law for the linear contracts and a share of the same for the inverse ones."""
    linear = [1 / rank for rank, contract in enumerate(table, 1) if not contract.usd_each]
    return linear + [weight * INVERSE_SHARE for weight in linear[: len(table) - len(linear)]]


def _exchange_info() -> Iterator[bytes]:
    for inverse in (False, True):
        rows = [
            {
                "symbol": contract.symbol,
                "contractType": "PERPETUAL",
                "baseAsset": contract.coin,
                "quoteAsset": "USD" if inverse else "USDT",
                "marginAsset": contract.coin if inverse else "USDT",
                **({"contractSize": contract.usd_each} if inverse else {}),
            }
            for contract in contracts("binance")
            if bool(contract.usd_each) == inverse
        ]
        yield msgspec.json.encode({"symbols": rows})


def _instruments_info() -> Iterator[bytes]:
    for inverse in (False, True):
        rows = [
            {
                "symbol": contract.symbol,
                "contractType": "InversePerpetual" if inverse else "LinearPerpetual",
                "baseCoin": contract.coin,
                "quoteCoin": "USD" if inverse else "USDT",
                "settleCoin": contract.coin if inverse else "USDT",
            }
            for contract in contracts("bybit")
            if bool(contract.usd_each) == inverse
        ]
        yield msgspec.json.encode({"retCode": 0, "result": {"list": rows, "nextPageCursor": ""}})
