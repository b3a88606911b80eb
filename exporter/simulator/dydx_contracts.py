"""The markets of the simulated dYdX, and its REST answers about them."""

from typing import Any

from exporter.simulator.contracts import COINS, Contract, tick

MARKETS = "perpetual"
SHARE = 0.12
OPENED_BY_ANYBODY = ("PEPE", "WIF", "BONK", "PNUT", "MOODENG", "SHIB", "VIRTUAL", "HYPE")
"""Coins with a second market, whose name says where the coin comes from."""
LATE = {"MOODENG-USD": (13.0, 45.0)}
"""Markets opened during a run: seconds until REST knows them, and until they trade. Clients subscribe in between."""


def contracts() -> list[Contract]:
    """Return every market of the simulated dYdX: more than fit on one connection."""
    usual = [_contract(coin, f"{coin}-USD", 0.9) for coin in COINS]
    return usual + [_contract(coin, f"{coin},RAYDIUM,{coin}PUMP-USD", 0.1) for coin in OPENED_BY_ANYBODY]


def _contract(coin: str, symbol: str, share: float) -> Contract:
    listed_s, traded_s = LATE.get(symbol, (0.0, 0.0))
    return Contract(
        exchange="dydx",
        line=MARKETS,
        symbol=symbol,
        coin=coin,
        quote="USD",
        settle="USDC",
        unit="base",
        price_kind="fill",
        wire_base=coin,
        reference_price=COINS[coin].price,
        share=SHARE * share,
        listed_s=listed_s,
        traded_s=traded_s,
    )


def describe(contract: Contract, number: int, price: str) -> dict[str, Any]:
    """Return a market as the list of markets has it."""
    return {
        "clobPairId": str(number),
        "ticker": contract.symbol,
        "status": "ACTIVE",
        "oraclePrice": price,
        "tickSize": tick(contract.price_decimals),
        "stepSize": tick(contract.quantity_decimals),
        "marketType": "ISOLATED" if "," in contract.symbol else "CROSS",
    }
