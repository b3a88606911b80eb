"""The exchanges: one line each, the only list."""

from exporter.exchanges.aster import Aster
from exporter.exchanges.base import Exchange
from exporter.exchanges.binance import Binance
from exporter.exchanges.bitfinex import Bitfinex
from exporter.exchanges.bitget import Bitget
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
