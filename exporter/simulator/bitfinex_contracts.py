"""The contracts of the simulated Bitfinex."""

from exporter.simulator.contracts import COINS, Contract

SHARE = 0.08
COINS_LISTED = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "LINK", "AVAX", "LTC", "SUI", "TRX", "DOT")


def contracts() -> list[Contract]:
    """Return every contract of the simulated Bitfinex; a dollar is called UST."""
    return [_contract(coin) for coin in COINS_LISTED]


def _contract(coin: str) -> Contract:
    return Contract(
        exchange="bitfinex",
        line="derivatives",
        symbol=f"t{coin}F0:USTF0",
        coin=coin,
        quote="USDT",
        settle="USDT",
        unit="base",
        price_kind="fill",
        wire_base=f"{coin}F0",
        reference_price=COINS[coin].price,
        share=SHARE,
    )
