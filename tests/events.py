"""Events for tests: plain liquidations with the fields that matter given."""

import random

from exporter.model import Liquidation, RawLiquidation

T0 = 1_790_000_000_000
"""A fixed instant (ms) at the beginning of a minute."""
T0 -= T0 % 60_000


def liquidation(number: int = 0, **fields) -> Liquidation:
    """One BTC long of 0.1 at 50,000 on Binance, `number` seconds after T0; fields override."""
    values = {
        "time_ms": T0 + number * 1000,
        "received_ms": T0 + number * 1000 + 50,
        "exchange": "binance",
        "instrument": "BTCUSDT",
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "kind": "perpetual",
        "side": "long",
        "price": 50_000.0,
        "price_kind": "fill",
        "quantity": 0.1,
        "quantity_unit": "base",
        "base_quantity": 0.1,
        "notional_usd": 5_000.0,
        "id": f"id-{number}",
    }
    return Liquidation(**values | fields)


def raw(number: int = 0, **fields) -> RawLiquidation:
    """The same, unresolved."""
    values = {
        "time_ms": T0 + number * 1000,
        "received_ms": T0 + number * 1000 + 50,
        "exchange": "binance",
        "instrument": "BTCUSDT",
        "side": "long",
        "price": 50_000.0,
        "price_kind": "fill",
        "quantity": 0.1,
        "quantity_unit": "base",
        "id": f"raw-{number}",
    }
    return RawLiquidation(**values | fields)


def random_liquidations(seed: int, count: int, spread_s: int = 3600) -> list[Liquidation]:
    """Random events of two exchanges and five coins, with amounts that no float represents exactly."""
    draw = random.Random(seed)
    events = []
    for number in range(count):
        base = draw.choice(["BTC", "ETH", "SOL", "PEPE", "1INCH"])
        price = draw.lognormvariate(5, 3)
        quantity = draw.lognormvariate(0, 2)
        time_ms = T0 + draw.randrange(spread_s * 1000)
        events.append(
            liquidation(
                time_ms=time_ms,
                received_ms=time_ms + draw.randrange(500),
                exchange=draw.choice(["binance", "bybit"]),
                instrument=f"{base}USDT",
                base=base,
                side=draw.choice(["long", "short"]),
                price=price,
                quantity=quantity,
                base_quantity=quantity,
                notional_usd=quantity * price,
                id=f"{seed}-{number}",
            )
        )
    return events
