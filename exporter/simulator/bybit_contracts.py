"""The contracts of the simulated Bybit, and its REST answers about them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any
from urllib.parse import quote, unquote

from exporter.simulator.contracts import COINS, QUARTER, Contract, tick

LINEAR, INVERSE = "linear", "inverse"
SHARE = 0.45
MULTIPLIED = {
    "PEPE": ("1000PEPE", 1000),
    "SHIB": ("SHIB1000", 1000),
    "BONK": ("1000BONK", 1000),
    "SATS": ("10000SATS", 10_000),
    "BABYDOGE": ("1000000BABYDOGE", 1_000_000),
}
LATE = {"MOODENG": (15.0, 45.0)}
"""Coins listed during a run: seconds until REST knows them, and until they trade. Clients have to subscribe between."""
LARGEST_PAGE = 20
"""Bybit allows 1,000 contracts a page; with a table this small it would never need a second one."""


def contracts() -> list[Contract]:
    """Return every contract of the simulated Bybit."""
    day = f"{QUARTER:%d%b%y}".upper()
    linear = [_linear(coin, f"{MULTIPLIED.get(coin, (coin,))[0]}USDT", "USDT") for coin in COINS]
    linear += [_linear(coin, f"{coin}PERP", "USDC", 0.06) for coin in ("BTC", "ETH", "SOL")]
    linear += [_linear(coin, f"{coin}USDT-{day}", "USDT", 0.01, dated=True) for coin in ("BTC", "ETH")]
    linear += [_linear("BTC", f"BTC-{day}", "USDC", 0.01, dated=True)]
    inverse = [_inverse(coin, f"{coin}USD", 0.08) for coin in ("BTC", "ETH", "XRP")]
    inverse += [_inverse(coin, f"{coin}USDZ{QUARTER:%y}", 0.01, dated=True) for coin in ("BTC", "ETH")]
    return linear + inverse


def _linear(coin: str, symbol: str, dollar: str, share: float = 0.9, *, dated: bool = False) -> Contract:
    wire_base, multiplier = MULTIPLIED.get(coin, (coin, 1))
    listed_s, traded_s = LATE.get(coin, (0.0, 0.0))
    return Contract(
        exchange="bybit",
        line=LINEAR,
        symbol=symbol,
        coin=coin,
        quote=dollar,
        settle=dollar,
        unit="base",
        price_kind="bankruptcy",
        multiplier=multiplier,
        wire_base=wire_base,
        reference_price=COINS[coin].price * multiplier,
        expiry=QUARTER if dated else None,
        share=SHARE * share,
        listed_s=listed_s,
        traded_s=traded_s,
    )


def _inverse(coin: str, symbol: str, share: float, *, dated: bool = False) -> Contract:
    return Contract(
        exchange="bybit",
        line=INVERSE,
        symbol=symbol,
        coin=coin,
        quote="USD",
        settle=coin,
        unit="usd",
        price_kind="bankruptcy",
        wire_base=coin,
        reference_price=COINS[coin].price,
        expiry=QUARTER if dated else None,
        share=SHARE * share,
    )


def instruments_info(query: Mapping[str, str], listed: Sequence[Contract]) -> tuple[dict[str, Any], list[str]]:
    """Return one page of instruments-info and its symbols.

    The cursor is percent-encoded as Bybit's is; a client may send it back as it came, or encode it once more.
    """
    category = query.get("category", "")
    if category not in {LINEAR, INVERSE}:
        return {"retCode": 10001, "retMsg": "params error: category invalid", "result": {}}, []
    trading = query.get("status", "Trading") == "Trading"
    ordered = sorted((c for c in listed if c.line == category and trading), key=lambda c: c.symbol)
    after = unquote(unquote(query.get("cursor", ""))).removeprefix("last=")
    rest = [contract for contract in ordered if contract.symbol > after]
    limit = query.get("limit", "500")
    size = min(max(1, int(limit)) if limit.isdigit() else 500, LARGEST_PAGE)
    page = rest[:size]
    cursor = quote(f"last={page[-1].symbol}", safe="") if len(rest) > size else ""
    result = {"category": category, "list": [_instrument(each) for each in page], "nextPageCursor": cursor}
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}}, [each.symbol for each in page]


def _instrument(contract: Contract) -> dict[str, Any]:
    expiry = contract.expiry
    delivery = datetime.combine(expiry, time(8), UTC).timestamp() * 1000 if expiry else 0
    kind = "Futures" if expiry else "Perpetual"
    return {
        "symbol": contract.symbol,
        "contractType": contract.line.capitalize() + kind,
        "status": "Trading",
        "baseCoin": contract.wire_base,
        "quoteCoin": contract.quote,
        "settleCoin": contract.settle,
        "launchTime": "1584230400000",
        "deliveryTime": str(int(delivery)),
        "priceScale": str(contract.price_decimals),
        "priceFilter": {"tickSize": tick(contract.price_decimals)},
        "lotSizeFilter": {"qtyStep": tick(contract.quantity_decimals)},
    }
