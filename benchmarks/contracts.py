"""The contracts of made-up markets, and the same as the exporter reads them from the exchanges' REST answers."""

import random
from collections.abc import Iterator
from math import floor, log10
from typing import NamedTuple

import msgspec

from exporter.config import Metrics
from exporter.exchanges import REGISTRY
from exporter.model import Instrument

EXCHANGES = ("binance", "bybit", "okx")
"""Whose frames are made up here: those that the peers, too, have a parser for."""
COINS = 300
MAIN = Metrics().bases
INVERSE_SHARE = 0.08

_LINEAR = {"binance": "{}USDT", "bybit": "{}USDT", "okx": "{}-USDT-SWAP"}
_INVERSE = {"binance": "{}USD_PERP", "bybit": "{}USD", "okx": "{}-USD-SWAP"}
_USD_EACH = {"binance": 10, "bybit": 1, "okx": 10}


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


def contracts(exchange: str) -> list[Contract]:
    """Return the contracts of an exchange, the most liquidated first: linear, then inverse ones of the main coins."""
    rng = random.Random(3)
    coins = [*MAIN, *(f"COIN{number}" for number in range(COINS - len(MAIN)))]
    prices = {coin: 10 ** rng.uniform(-4, 4) for coin in coins}
    linear = [Contract(_LINEAR[exchange].format(coin), coin, prices[coin], 0) for coin in coins]
    usd_each = _USD_EACH[exchange]
    return linear + [Contract(_INVERSE[exchange].format(coin), coin, prices[coin], usd_each) for coin in MAIN]


def weights(table: list[Contract]) -> list[float]:
    """Return Zipf's law for the linear contracts and a share of the same for the inverse ones."""
    linear = [1 / rank for rank, contract in enumerate(table, 1) if not contract.usd_each]
    return linear + [weight * INVERSE_SHARE for weight in linear[: len(table) - len(linear)]]


def instruments(exchange: str) -> list[Instrument]:
    """Return the contracts as the exporter's parser reads them from the exchange's REST answers."""
    parser = REGISTRY[exchange]
    return [
        instrument
        for body in _ANSWERS[exchange]()
        for instrument in parser.parse_instruments(parser.instrument_requests[0], body).instruments
    ]


def _binance_answers() -> Iterator[bytes]:
    rows = [
        {
            "symbol": contract.symbol,
            "contractType": "PERPETUAL",
            "baseAsset": contract.coin,
            "quoteAsset": "USD" if contract.usd_each else "USDT",
            "marginAsset": contract.coin if contract.usd_each else "USDT",
            **({"contractSize": contract.usd_each} if contract.usd_each else {}),
        }
        for contract in contracts("binance")
    ]
    yield msgspec.json.encode({"symbols": rows})


def _bybit_answers() -> Iterator[bytes]:
    rows = [
        {
            "symbol": contract.symbol,
            "contractType": "InversePerpetual" if contract.usd_each else "LinearPerpetual",
            "baseCoin": contract.coin,
            "quoteCoin": "USD" if contract.usd_each else "USDT",
            "settleCoin": contract.coin if contract.usd_each else "USDT",
        }
        for contract in contracts("bybit")
    ]
    yield msgspec.json.encode({"retCode": 0, "result": {"list": rows, "nextPageCursor": ""}})


def _okx_answers() -> Iterator[bytes]:
    rows = [
        {
            "instId": contract.symbol,
            "instType": "SWAP",
            "instFamily": contract.symbol.removesuffix("-SWAP"),
            "settleCcy": contract.coin if contract.usd_each else "USDT",
            "ctVal": str(contract.usd_each or 1),
            "ctMult": "1",
            "ctValCcy": "USD" if contract.usd_each else contract.coin,
        }
        for contract in contracts("okx")
    ]
    yield msgspec.json.encode({"code": "0", "msg": "", "data": rows})


_ANSWERS = {"binance": _binance_answers, "bybit": _bybit_answers, "okx": _okx_answers}
