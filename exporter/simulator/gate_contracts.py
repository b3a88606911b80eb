"""The contracts of the simulated Gate, and its REST answers about them."""

from typing import Any

from exporter.simulator.contracts import COINS, Contract, tick

USDT, BTC, USD1 = "usdt", "btc", "usd1"
SHARE = 0.25
SIZES = {
    "BTC": "0.0001",
    "ETH": "0.01",
    "SOL": "1",
    "PEPE": "10000000",
    "SHIB": "10000",
    "BONK": "100000",
    "SATS": "10000000",
    "BABYDOGE": "1000000000",
}
"""Coins per contract, which Gate calls the quanto multiplier."""
LATE = {"PNUT": (8.0, 25.0)}
"""Coins listed during a run: seconds until REST knows them, and until they trade."""


def contracts() -> list[Contract]:
    """Return every contract of the simulated Gate."""
    linear = [_linear(coin, "USDT", USDT) for coin in COINS if coin != "MOODENG"]
    linear += [_linear(coin, "USD1", USD1, 0.05) for coin in ("BTC", "ETH")]
    inverse = Contract(
        exchange="gate",
        line=BTC,
        symbol="BTC_USD",
        coin="BTC",
        quote="USD",
        settle="BTC",
        unit="contracts",
        price_kind="order",
        wire_base="BTC",
        reference_price=COINS["BTC"].price,
        share=SHARE * 0.1,
    )
    return [*linear, inverse]


def _linear(coin: str, quote: str, line: str, share: float = 0.9) -> Contract:
    listed_s, traded_s = LATE.get(coin, (0.0, 0.0)) if line == USDT else (0.0, 0.0)
    return Contract(
        exchange="gate",
        line=line,
        symbol=f"{coin}_{quote}",
        coin=coin,
        quote=quote,
        settle=quote,
        unit="contracts",
        price_kind="order",
        wire_base=coin,
        reference_price=COINS[coin].price,
        contract_base=SIZES.get(coin, "1"),
        share=SHARE * share,
        listed_s=listed_s,
        traded_s=traded_s,
    )


def describe(contract: Contract) -> dict[str, Any]:
    """Describe a contract as REST does; one of a dollar has a multiplier of zero."""
    return {
        "name": contract.symbol,
        "type": "direct" if contract.contract_base else "inverse",
        "quanto_multiplier": contract.contract_base or "0",
        "mark_type": "index",
        "order_price_round": tick(contract.price_decimals),
        "order_size_min": 1,
        "enable_decimal": True,
        "in_delisting": False,
        "status": "trading",
        "contract_type": "",
    }
