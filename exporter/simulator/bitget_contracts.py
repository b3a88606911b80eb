"""The contracts of the simulated Bitget, and its REST answers about them."""

from typing import Any

from exporter.model import Kind
from exporter.simulator.contracts import COINS, QUARTER, Contract, tick

USDT, USDC, COIN = "usdt-futures", "usdc-futures", "coin-futures"
SHARE = 0.2
MULTIPLIED = {"BONK": ("1000", 1000), "SATS": ("1000", 1000), "BABYDOGE": ("1M", 1_000_000)}
LATE = {"MOODENG": (14.0, 28.0)}
"""Coins listed during a run: seconds until REST knows them, and until they trade."""


def contracts() -> list[Contract]:
    """Return every contract of the simulated Bitget."""
    usdt = [_contract(coin, f"{MULTIPLIED.get(coin, ('',))[0]}{coin}USDT", USDT, "USDT", 0.9) for coin in COINS]
    usdc = [_contract(coin, f"{coin}PERP", USDC, "USDC", 0.06) for coin in ("BTC", "ETH")]
    coin = [_contract(coin, f"{coin}USD", COIN, "USD", 0.06) for coin in ("BTC", "ETH", "XRP")]
    dated = _contract("BTC", f"BTCUSDZ{QUARTER:%y}", COIN, "USD", 0.01, "future")
    return [*usdt, *usdc, *coin, dated]


def _contract(coin: str, symbol: str, line: str, dollar: str, share: float, kind: Kind = "perpetual") -> Contract:
    prefix, multiplier = MULTIPLIED.get(coin, ("", 1))
    listed_s, traded_s = LATE.get(coin, (0.0, 0.0))
    return Contract(
        exchange="bitget",
        line=line,
        symbol=symbol,
        coin=coin,
        quote=dollar,
        settle=coin if line == COIN else dollar,
        unit="quote",
        price_kind="bankruptcy",
        multiplier=multiplier,
        wire_base=prefix + coin,
        reference_price=COINS[coin].price * multiplier,
        expiry=QUARTER if kind == "future" else None,
        share=SHARE * share,
        listed_s=listed_s,
        traded_s=traded_s,
    )


def describe(contract: Contract) -> dict[str, Any]:
    """Describe a contract as REST does."""
    return {
        "symbol": contract.symbol,
        "category": contract.line.upper(),
        "baseCoin": contract.wire_base,
        "quoteCoin": contract.quote,
        "type": "delivery" if contract.expiry else "perpetual",
        "priceMultiplier": tick(contract.price_decimals),
        "isRwa": "NO",
        "status": "online",
    }
