"""The exchanges that can be simulated: one line each."""

from exporter.simulator.aster import SimulatedAster
from exporter.simulator.binance import SimulatedBinance
from exporter.simulator.bitfinex import SimulatedBitfinex
from exporter.simulator.bitget import SimulatedBitget
from exporter.simulator.bybit import SimulatedBybit
from exporter.simulator.deribit import SimulatedDeribit
from exporter.simulator.dydx import SimulatedDydx
from exporter.simulator.exchange import SimulatedExchange
from exporter.simulator.gate import SimulatedGate
from exporter.simulator.htx import SimulatedHtx
from exporter.simulator.kraken import SimulatedKraken
from exporter.simulator.lighter import SimulatedLighter
from exporter.simulator.okx import SimulatedOkx

EXCHANGES: dict[str, type[SimulatedExchange]] = {
    exchange.name: exchange
    for exchange in (
        SimulatedBinance,
        SimulatedBybit,
        SimulatedOkx,
        SimulatedGate,
        SimulatedHtx,
        SimulatedBitget,
        SimulatedBitfinex,
        SimulatedAster,
        SimulatedKraken,
        SimulatedDeribit,
        SimulatedDydx,
        SimulatedLighter,
    )
}
