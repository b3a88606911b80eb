"""The contracts of the simulated HTX, and its REST answers about them."""

from typing import Any

from exporter.simulator.contracts import COINS, QUARTER, Contract, tick

LINEAR, SWAP, FUTURES = "linear", "swap", "futures"
SHARE = 0.12
SIZES = {
    "BTC": "0.001",
    "ETH": "0.01",
    "SOL": "1",
    "PEPE": "1000000",
    "SHIB": "1000000",
    "BONK": "1000000",
    "SATS": "100000000",
    "BABYDOGE": "10000000000",
    "DOGE": "100",
    "XRP": "10",
}
"""Coins per contract."""
LATE = {"VIRTUAL": (10.0, 20.0)}
"""Coins listed during a run: seconds until REST knows them, and until they trade."""


def contracts() -> list[Contract]:
    """Return every contract of the simulated HTX."""
    day = f"{QUARTER:%y%m%d}"
    linear = [_linear(coin, f"{coin}-USDT") for coin in COINS if coin not in {"MOODENG", "PNUT"}]
    linear += [_linear("BTC", f"BTC-USDT-{day}", 0.02, dated=True)]
    swaps = [_inverse(coin, f"{coin}-USD", SWAP, 0.06) for coin in ("BTC", "ETH", "XRP")]
    dated = [_inverse(coin, f"{coin}{day}", FUTURES, 0.03) for coin in ("BTC", "ETH")]
    return linear + swaps + dated


def _linear(coin: str, symbol: str, share: float = 0.8, *, dated: bool = False) -> Contract:
    listed_s, traded_s = LATE.get(coin, (0.0, 0.0))
    return Contract(
        exchange="htx",
        line=LINEAR,
        symbol=symbol,
        coin=coin,
        quote="USDT",
        settle="USDT",
        unit="contracts",
        price_kind="bankruptcy",
        wire_base=coin,
        reference_price=COINS[coin].price,
        contract_base=SIZES.get(coin, "1"),
        expiry=QUARTER if dated else None,
        share=SHARE * share,
        listed_s=listed_s,
        traded_s=traded_s,
    )


def _inverse(coin: str, symbol: str, line: str, share: float) -> Contract:
    return Contract(
        exchange="htx",
        line=line,
        symbol=symbol,
        coin=coin,
        quote="USD",
        settle=coin,
        unit="contracts",
        price_kind="bankruptcy",
        wire_base=coin,
        reference_price=COINS[coin].price,
        contract_usd=100 if coin == "BTC" else 10,
        expiry=QUARTER if line == FUTURES else None,
        share=SHARE * share,
    )


def describe(contract: Contract) -> dict[str, Any]:
    """Describe a contract as the interface of its product line does."""
    size = float(contract.contract_base) if contract.contract_base else contract.contract_usd
    info: dict[str, Any] = {
        "symbol": contract.coin,
        "contract_code": contract.symbol,
        "contract_size": size,
        "price_tick": float(tick(contract.price_decimals)),
        "contract_status": 1,
    }
    if contract.line == LINEAR:
        kind = "futures" if contract.expiry else "swap"
        info |= {"business_type": kind, "pair": f"{contract.coin}-USDT", "support_margin_mode": "all"}
    return info
