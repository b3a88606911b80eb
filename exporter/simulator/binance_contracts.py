"""The contracts of the simulated Binance, and its REST answers about them."""

from datetime import UTC, datetime, time
from typing import Any

from exporter.simulator.contracts import COINS, QUARTER, Contract, tick

UM, CM = "um", "cm"
SHARE = 0.55
MULTIPLIED = {
    "PEPE": ("1000", 1000),
    "SHIB": ("1000", 1000),
    "BONK": ("1000", 1000),
    "SATS": ("1000", 1000),
    "BABYDOGE": ("1M", 1_000_000),
}
LATE = {"VIRTUAL": (6.0, 3.0), "PNUT": (10.0, 20.0)}
"""Coins listed during a run: seconds until REST knows them, and until they trade.

VIRTUAL trades before it is listed, as happens in life, too: its first liquidations cannot be resolved yet.
"""


def contracts() -> list[Contract]:
    """Return every contract of the simulated Binance."""
    code = f"{QUARTER:%y%m%d}"
    linear = [_linear(coin, "USDT") for coin in COINS if coin != "MOODENG"]
    linear += [_linear(coin, "USDC", share=0.06) for coin in ("BTC", "ETH", "SOL")]
    linear += [_linear(coin, "USDT", share=0.02, dated=code) for coin in ("BTC", "ETH")]
    inverse = [_inverse(coin, "PERP") for coin in ("BTC", "ETH", "SOL", "XRP", "BNB")]
    inverse += [_inverse(coin, code, share=0.01) for coin in ("BTC", "ETH")]
    return linear + inverse


def _linear(coin: str, quote: str, share: float = 0.9, dated: str = "") -> Contract:
    prefix, multiplier = MULTIPLIED.get(coin, ("", 1))
    listed_s, traded_s = LATE.get(coin, (0.0, 0.0))
    return Contract(
        exchange="binance",
        line=UM,
        symbol=f"{prefix}{coin}{quote}" + (f"_{dated}" if dated else ""),
        coin=coin,
        quote=quote,
        settle=quote,
        unit="base",
        price_kind="fill",
        multiplier=multiplier,
        wire_base=prefix + coin,
        reference_price=COINS[coin].price * multiplier,
        expiry=QUARTER if dated else None,
        share=SHARE * share,
        listed_s=listed_s,
        traded_s=traded_s,
    )


def _inverse(coin: str, suffix: str, share: float = 0.06) -> Contract:
    return Contract(
        exchange="binance",
        line=CM,
        symbol=f"{coin}USD_{suffix}",
        coin=coin,
        quote="USD",
        settle=coin,
        unit="contracts",
        price_kind="fill",
        wire_base=coin,
        reference_price=COINS[coin].price,
        contract_usd=100 if coin == "BTC" else 10,
        expiry=None if suffix == "PERP" else QUARTER,
        share=SHARE * share,
    )


def pair(contract: Contract) -> str:
    """Return the pair that a contract belongs to: BTCUSD for BTCUSD_PERP."""
    return contract.symbol.partition("_")[0]


def exchange_info(chosen: list[Contract]) -> dict[str, Any]:
    """Return an exchangeInfo body."""
    return {"timezone": "UTC", "rateLimits": [], "symbols": [_symbol(contract) for contract in chosen]}


def _symbol(contract: Contract) -> dict[str, Any]:
    """Describe a contract; USD-M says `status`, COIN-M says `contractStatus` and `contractSize`."""
    never = 4_133_404_800_000
    expiry = contract.expiry
    delivery = datetime.combine(expiry, time(8), UTC).timestamp() * 1000 if expiry else never
    info: dict[str, Any] = {
        "symbol": contract.symbol,
        "pair": pair(contract),
        "contractType": "CURRENT_QUARTER" if expiry else "PERPETUAL",
        "deliveryDate": int(delivery),
        "onboardDate": 1_569_398_400_000,
        "baseAsset": contract.wire_base,
        "quoteAsset": contract.quote,
        "marginAsset": contract.settle,
        "pricePrecision": contract.price_decimals,
        "quantityPrecision": contract.quantity_decimals,
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": tick(contract.price_decimals)},
            {"filterType": "LOT_SIZE", "stepSize": tick(contract.quantity_decimals)},
        ],
    }
    if contract.line == CM:
        return info | {"contractStatus": "TRADING", "contractSize": contract.contract_usd}
    return info | {"status": "TRADING", "underlyingType": "COIN"}
