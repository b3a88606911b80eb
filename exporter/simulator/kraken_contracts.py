"""The contracts of the simulated Kraken Futures, and its REST answers about them."""

from datetime import UTC, datetime, time
from typing import Any

from exporter.simulator.contracts import COINS, QUARTER, Contract

LINEAR, INVERSE = "flexible_futures", "futures_inverse"
SHARE = 0.08
NAMES = {"BTC": "XBT"}
"""Kraken's own names; REST uses them for some contracts and the usual ones for others."""
LATE = {"MOODENG": (13.0, 45.0)}
"""Coins listed during a run: seconds until REST knows them, and until they trade. Clients have to subscribe between."""


def contracts() -> list[Contract]:
    """Return every contract of the simulated Kraken Futures."""
    day = f"{QUARTER:%y%m%d}"
    linear = [_contract(coin, f"PF_{NAMES.get(coin, coin)}USD", LINEAR, 0.9) for coin in COINS]
    linear += [_contract("BTC", f"FF_XBTUSD_{day}", LINEAR, 0.02, dated=True)]
    inverse = [_contract(coin, f"PI_{NAMES.get(coin, coin)}USD", INVERSE, 0.1) for coin in ("BTC", "ETH", "XRP")]
    inverse += [
        _contract(coin, f"FI_{NAMES.get(coin, coin)}USD_{day}", INVERSE, 0.03, dated=True) for coin in ("BTC", "ETH")
    ]
    return linear + inverse


def _contract(coin: str, symbol: str, line: str, share: float, *, dated: bool = False) -> Contract:
    listed_s, traded_s = LATE.get(coin, (0.0, 0.0))
    return Contract(
        exchange="kraken",
        line=line,
        symbol=symbol,
        coin=coin,
        quote="USD",
        settle="USD" if line == LINEAR else coin,
        unit="contracts",
        price_kind="fill",
        wire_base=NAMES.get(coin, coin) if line == LINEAR else coin,
        reference_price=COINS[coin].price,
        contract_base="1" if line == LINEAR else "",
        expiry=QUARTER if dated else None,
        share=SHARE * share,
        listed_s=listed_s,
        traded_s=traded_s,
    )


def describe(contract: Contract) -> dict[str, Any]:
    """Return a contract as the list of contracts has it."""
    description = {
        "symbol": contract.symbol,
        "pair": f"{contract.wire_base}:USD",
        "base": contract.wire_base,
        "quote": "USD",
        "type": contract.line,
        "tickSize": 10.0**-contract.price_decimals,
        "contractSize": 1,
        "tradeable": True,
        "openingDate": "2022-01-01T00:00:00.000Z",
        "contractValueTradePrecision": contract.quantity_decimals,
        "postOnly": False,
        "category": "",
        "tags": [],
        "tradfi": False,
    }
    if contract.expiry:
        last = datetime.combine(contract.expiry, time(15), UTC)
        description["lastTradingTime"] = f"{last:%Y-%m-%dT%H:%M:%S}.000Z"
    return description


INDEX = {"symbol": "in_xbtusd", "type": "spot index", "tradeable": False}
"""What is listed beside the contracts, and is none."""
