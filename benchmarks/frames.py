"""Frames as the exchanges send them, made up here, and what they add up to.

The shapes are those of the exchanges' documented frames. A few contracts of the hundreds get most liquidations, as in
life. Every event is unique: no two of one contract bear the same millisecond.
"""

import random
from collections import defaultdict
from itertools import accumulate
from typing import NamedTuple

from benchmarks.contracts import EXCHANGES, Contract, contracts, weights
from exporter.model import LONG, SHORT, Side

SHARES = {"binance": 0.4, "bybit": 0.4, "okx": 0.2}
"""Of the frames."""
EXTRA_ROWS = {"bybit": 3.0, "okx": 1.0}
"""A frame has one row and the whole part of an exponential number of this mean: 3.5 rows of Bybit, 1.6 of OKX."""
MOST_ROWS = 20
DELAY_MS = 150

_BINANCE = (
    '{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":%d,"o":{"s":"%s","S":"%s","o":"LIMIT","f":"IOC",'
    '"q":"%s","p":"%s","ap":"%s","X":"FILLED","l":"%s","z":"%s","T":%d},"st":%d,"ps":"%s"}}'
)
_BYBIT = '{"topic":"allLiquidation.%s","type":"snapshot","ts":%d,"data":[%s]}'
_BYBIT_ROW = '{"T":%d,"s":"%s","S":"%s","v":"%s","p":"%s"}'
_OKX = (
    '{"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[{"details":[%s],"instFamily":"%s",'
    '"instId":"%s","instType":"SWAP","uly":"%s"}]}'
)
_OKX_ROW = '{"bkLoss":"0","bkPx":"%s","ccy":"","posSide":"%s","side":"%s","sz":"%s","ts":"%d"}'


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
        self._contracts = {name: contracts(name) for name in EXCHANGES}
        self._weights = {name: list(accumulate(weights(table))) for name, table in self._contracts.items()}
        self._make = {"binance": self._binance, "bybit": self._bybit, "okx": self._okx}

    @property
    def now_ms(self) -> int:
        """The time of the newest event."""
        return int(self._clock_ms)

    def frames(self, events: int) -> list[Frame]:
        """Return the next frames of all exchanges, with at least so many events."""
        result, count = [], 0
        while count < events:
            (exchange,) = self._rng.choices(EXCHANGES, [SHARES[name] for name in EXCHANGES])
            result.append(self._make[exchange]())
            count += result[-1].events
        return result

    def frames_of(self, exchange: str, count: int) -> list[Frame]:
        """Return the next frames of one exchange."""
        return [self._make[exchange]() for _ in range(count)]

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
        rows = []
        for at, quantity, price in self._rows("bybit", contract, side):
            rows.append(_BYBIT_ROW % (at, contract.symbol, position, quantity, price))
        body = _BYBIT % (contract.symbol, self.now_ms + DELAY_MS, ",".join(rows))
        return Frame("bybit", body.encode(), len(rows))

    def _okx(self) -> Frame:
        contract, side = self._draw("okx")
        order = "sell" if side == LONG else "buy"
        rows = []
        for at, quantity, price in self._rows("okx", contract, side):
            rows.append(_OKX_ROW % (price, side, order, quantity, at))
        family = contract.symbol.removesuffix("-SWAP")
        return Frame("okx", (_OKX % (",".join(rows), family, contract.symbol, family)).encode(), len(rows))

    def _rows(self, exchange: str, contract: Contract, side: Side) -> list[tuple[int, str, str]]:
        """Draw time, quantity and price of every row of a frame."""
        rows = []
        for _ in range(min(MOST_ROWS, 1 + int(self._rng.expovariate(1 / EXTRA_ROWS[exchange])))):
            quantity, price, usd = contract.texts(self._rng)
            rows.append((self._at(exchange, contract), quantity, price))
            self._count(exchange, side, usd)
        return rows

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
