"""The exchanges: one line each, the only lists."""

from exporter.exchanges.aster import Aster
from exporter.exchanges.base import Archive, Exchange
from exporter.exchanges.binance import Binance
from exporter.exchanges.bitfinex import Bitfinex
from exporter.exchanges.bitget import Bitget
from exporter.exchanges.bitmex import Bitmex
from exporter.exchanges.bybit import Bybit
from exporter.exchanges.deribit import Deribit
from exporter.exchanges.dydx import Dydx
from exporter.exchanges.gate import Gate
from exporter.exchanges.htx import Htx
from exporter.exchanges.kraken import Kraken
from exporter.exchanges.lighter import Lighter
from exporter.exchanges.okx import Okx

REGISTRY: dict[str, Exchange] = {
    exchange.name: exchange
    for exchange in (
        Binance(),
        Bybit(),
        Okx(),
        Gate(),
        Htx(),
        Bitget(),
        Bitfinex(),
        Aster(),
        Kraken(),
        Deribit(),
        Dydx(),
        Lighter(),
    )
}

ARCHIVES: dict[str, Archive] = {archive.name: archive for archive in (Bitmex(),)}
"""Exchanges that closed: what was recorded of them can be decoded."""
