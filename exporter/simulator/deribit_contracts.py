"""The contracts of the simulated Deribit, and its REST answers about them."""

from datetime import UTC, datetime, time
from typing import Any

from exporter.simulator.contracts import COINS, QUARTER, Contract

LINEAR, INVERSE = "linear", "reversed"
SHARE = 0.15
FOR_EVER_MS = 32_503_708_800_000
LATE = {"MOODENG": (12.0, 30.0)}
"""Coins listed during a run: seconds until REST knows them, and until they trade."""


def contracts() -> list[Contract]:
    """Return every contract of the simulated Deribit."""
    day = f"{QUARTER:%d%b%y}".upper()
    inverse = [_contract(coin, f"{coin}-PERPETUAL", coin, 0.9) for coin in ("BTC", "ETH")]
    inverse += [_contract(coin, f"{coin}-{day}", coin, 0.1, dated=True) for coin in ("BTC", "ETH")]
    linear = [_contract(coin, f"{coin}_USDC-PERPETUAL", "USDC", 0.3) for coin in COINS]
    linear += [_contract(coin, f"{coin}_USDT-PERPETUAL", "USDT", 0.05) for coin in ("BTC", "ETH")]
    linear += [_contract("BTC", f"BTC_USDC-{day}", "USDC", 0.02, dated=True)]
    return inverse + linear


def _contract(coin: str, symbol: str, settle: str, share: float, *, dated: bool = False) -> Contract:
    inverse = settle == coin
    listed_s, traded_s = LATE.get(coin, (0.0, 0.0))
    return Contract(
        exchange="deribit",
        line=INVERSE if inverse else LINEAR,
        symbol=symbol,
        coin=coin,
        quote="USD" if inverse else settle,
        settle=settle,
        unit="usd" if inverse else "base",
        price_kind="fill",
        wire_base=coin,
        reference_price=COINS[coin].price,
        expiry=QUARTER if dated else None,
        share=SHARE * share,
        listed_s=listed_s,
        traded_s=traded_s,
    )


def describe(contract: Contract) -> dict[str, Any]:
    """Return a contract as the list of instruments has it."""
    expiry = contract.expiry
    delivery = int(datetime.combine(expiry, time(8), UTC).timestamp() * 1000) if expiry else FOR_EVER_MS
    inverse = contract.line == INVERSE
    return {
        "instrument_name": contract.symbol,
        "kind": "future",
        "instrument_type": contract.line,
        "future_type": contract.line,
        "settlement_period": "month" if expiry else "perpetual",
        "settlement_currency": contract.settle,
        "base_currency": contract.wire_base,
        "quote_currency": contract.quote,
        "counter_currency": contract.quote,
        "price_index": f"{contract.coin}_{contract.quote}".lower(),
        "contract_size": 10 if inverse else 10.0**-contract.quantity_decimals,
        "min_trade_amount": 1 if inverse else 10.0**-contract.quantity_decimals,
        "tick_size": 10.0**-contract.price_decimals,
        "expiration_timestamp": delivery,
        "creation_timestamp": 1_664_524_802_000,
        "is_active": True,
        "state": "open",
    }
