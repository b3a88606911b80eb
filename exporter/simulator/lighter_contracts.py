"""The markets of the simulated Lighter, and its REST answers about them."""

from typing import Any

from exporter.simulator.contracts import COINS, Contract

PERPETUALS = "perp"
SHARE = 0.15
MULTIPLIED = {"PEPE": ("1000PEPE", 1000), "SHIB": ("1000SHIB", 1000), "BONK": ("1000BONK", 1000)}
LISTED = ("ETH", "BTC", "SOL", "DOGE", "PEPE", "WIF", "XRP", "LINK", "AVAX", "BONK", "SHIB", "HYPE", "MOODENG")
"""Coins by the number of their market; a few, because subscribing takes more than half a second each."""
LATE = {"MOODENG": (13.0, 45.0)}
"""Coins listed during a run: seconds until REST knows them, and until they trade. Clients have to subscribe between."""


def contracts() -> list[Contract]:
    """Return every perpetual of the simulated Lighter."""
    return [_contract(coin, str(number)) for number, coin in enumerate(LISTED)]


def _contract(coin: str, symbol: str) -> Contract:
    wire_base, multiplier = MULTIPLIED.get(coin, (coin, 1))
    listed_s, traded_s = LATE.get(coin, (0.0, 0.0))
    return Contract(
        exchange="lighter",
        line=PERPETUALS,
        symbol=symbol,
        coin=coin,
        quote="USD",
        settle="USDC",
        unit="base",
        price_kind="fill",
        multiplier=multiplier,
        wire_base=wire_base,
        reference_price=COINS[coin].price * multiplier,
        share=SHARE,
        listed_s=listed_s,
        traded_s=traded_s,
    )


def describe(contract: Contract) -> dict[str, Any]:
    """Return a market as the list of markets has it."""
    return {
        "symbol": contract.wire_base,
        "market_id": int(contract.symbol),
        "market_type": "perp",
        "status": "active",
        "taker_fee": "0.0000",
        "maker_fee": "0.0000",
        "liquidation_fee": "1.0000",
        "supported_size_decimals": contract.quantity_decimals,
        "supported_price_decimals": contract.price_decimals,
        "supported_quote_decimals": 6,
    }


SPOT = {"symbol": "ETH/USDC", "market_id": 2048, "market_type": "spot", "status": "active"}
"""What is listed beside the perpetuals, and is none."""
