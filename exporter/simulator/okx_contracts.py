"""The contracts of the simulated OKX, and its REST answers about them."""

from datetime import UTC, datetime, time
from typing import Any

from exporter.simulator.contracts import COINS, QUARTER, Contract, tick

SWAP, FUTURES = "SWAP", "FUTURES"
SHARE = 0.3
VALUES = {
    "BTC": ("0.01", "1"),
    "ETH": ("0.1", "1"),
    "SOL": ("1", "1"),
    "PEPE": ("10000000", "1"),
    "SHIB": ("1000000", "1"),
    "BONK": ("100000", "10"),
    "SATS": ("10000000", "1"),
    "BABYDOGE": ("1000000000", "10"),
    "XRP": ("100", "1"),
    "DOGE": ("1000", "1"),
}
"""Contract value and its multiplier, by coin; both count."""
LATE = {"MOODENG": (12.0, 30.0)}
"""Coins listed during a run: seconds until REST knows them, and until they trade."""


def contracts() -> list[Contract]:
    """Return every contract of the simulated OKX: coins are never multiplied, contracts are."""
    day = f"{QUARTER:%y%m%d}"
    linear = [_linear(coin, f"{coin}-USDT-SWAP", "USDT") for coin in COINS]
    linear += [_linear(coin, f"{coin}-USDC-SWAP", "USDC", 0.05) for coin in ("BTC", "ETH")]
    linear += [_linear("BTC", f"BTC-USDT-{day}", "USDT", 0.02, dated=True)]
    inverse = [_inverse(coin, f"{coin}-USD-SWAP", 0.06) for coin in ("BTC", "ETH", "XRP")]
    inverse += [_inverse(coin, f"{coin}-USD-{day}", 0.02, dated=True) for coin in ("BTC", "ETH")]
    return linear + inverse


def family(contract: Contract) -> str:
    """Return the family that a contract belongs to: BTC-USDT for BTC-USDT-SWAP."""
    return contract.symbol.rpartition("-")[0]


def _linear(coin: str, symbol: str, dollar: str, share: float = 0.9, *, dated: bool = False) -> Contract:
    value, factor = VALUES.get(coin, ("10", "1"))
    listed_s, traded_s = LATE.get(coin, (0.0, 0.0))
    return Contract(
        exchange="okx",
        line=FUTURES if dated else SWAP,
        symbol=symbol,
        coin=coin,
        quote=dollar,
        settle=dollar,
        unit="contracts",
        price_kind="bankruptcy",
        wire_base=coin,
        reference_price=COINS[coin].price,
        contract_base=str(int(factor) * int(value)) if value.isdigit() else value,
        expiry=QUARTER if dated else None,
        share=SHARE * share,
        listed_s=listed_s,
        traded_s=traded_s,
    )


def _inverse(coin: str, symbol: str, share: float, *, dated: bool = False) -> Contract:
    return Contract(
        exchange="okx",
        line=FUTURES if dated else SWAP,
        symbol=symbol,
        coin=coin,
        quote="USD",
        settle=coin,
        unit="contracts",
        price_kind="bankruptcy",
        wire_base=coin,
        reference_price=COINS[coin].price,
        contract_usd=100 if coin == "BTC" else 10,
        expiry=QUARTER if dated else None,
        share=SHARE * share,
    )


def instruments(chosen: list[Contract]) -> dict[str, Any]:
    """Return the body of an answer about a product line."""
    return {"code": "0", "msg": "", "data": [_instrument(contract) for contract in chosen]}


def _instrument(contract: Contract) -> dict[str, Any]:
    expiry = contract.expiry
    delivery = str(int(datetime.combine(expiry, time(8), UTC).timestamp() * 1000)) if expiry else ""
    value, factor = VALUES.get(contract.coin, ("10", "1")) if contract.contract_base else (contract.contract_usd, "1")
    return {
        "instType": contract.line,
        "instId": contract.symbol,
        "instFamily": family(contract),
        "uly": family(contract),
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": contract.settle,
        "ctVal": str(value),
        "ctMult": factor,
        "ctValCcy": contract.coin if contract.contract_base else "USD",
        "ctType": "linear" if contract.contract_base else "inverse",
        "listTime": "1611907686000",
        "expTime": delivery,
        "lotSz": tick(contract.quantity_decimals),
        "tickSz": tick(contract.price_decimals),
        "instCategory": "1",
        "state": "live",
    }
