"""The contracts of the simulated Aster."""

from exporter.simulator.binance_contracts import UM
from exporter.simulator.contracts import COINS, Contract

SHARE = 0.06
MULTIPLIED = {"PEPE": ("1000", 1000), "SHIB": ("1000", 1000), "BONK": ("1000", 1000)}
COINS_LISTED = ("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB", "PEPE", "SUI", "HYPE", "SHIB", "BONK", "LINK")


def contracts() -> list[Contract]:
    """Return every contract of the simulated Aster."""
    return [_contract(coin) for coin in COINS_LISTED]


def _contract(coin: str) -> Contract:
    prefix, multiplier = MULTIPLIED.get(coin, ("", 1))
    return Contract(
        exchange="aster",
        line=UM,
        symbol=f"{prefix}{coin}USDT",
        coin=coin,
        quote="USDT",
        settle="USDT",
        unit="base",
        price_kind="fill",
        multiplier=multiplier,
        wire_base=prefix + coin,
        reference_price=COINS[coin].price * multiplier,
        share=SHARE,
    )
