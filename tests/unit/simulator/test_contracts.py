import ast
from decimal import Decimal
from pathlib import Path

import pytest

import exporter.simulator
from exporter.simulator.catalogue import EXCHANGES

CONTRACTS = {(name, contract.symbol): contract for name, exchange in EXCHANGES.items() for contract in exchange.table()}


@pytest.mark.parametrize(
    ("exchange", "symbol", "quantity", "price", "base", "usd"),
    [
        ("binance", "BTCUSDT", "0.014", "9910.0", 0.014, 138.74),
        ("binance", "BTCUSD_PERP", "5", "50000.0", 0.01, 500.0),
        ("binance", "ETHUSD_PERP", "8", "2500.00", 0.032, 80.0),
        ("binance", "BTCUSD_261225", "1", "80000.0", 0.00125, 100.0),
        ("binance", "1000PEPEUSDT", "2000", "0.0125", 2_000_000.0, 25.0),
        ("binance", "1MBABYDOGEUSDT", "3", "0.0025", 3_000_000.0, 0.0075),
        ("bybit", "BTCPERP", "0.25", "96000.0", 0.25, 24_000.0),
        ("bybit", "BTCUSD", "4800", "96000.0", 0.05, 4_800.0),
        ("bybit", "BTCUSDZ26", "100", "80000.0", 0.00125, 100.0),
        ("bybit", "SHIB1000USDT", "500", "0.0210", 500_000.0, 10.5),
        ("bybit", "10000SATSUSDT", "7", "0.0028", 70_000.0, 0.0196),
        ("bybit", "BTCUSDT-25DEC26", "0.5", "97000.0", 0.5, 48_500.0),
        ("okx", "BTC-USDT-SWAP", "13.0", "50000.0", 0.13, 6_500.0),
        ("okx", "BONK-USDT-SWAP", "2", "0.00003", 2_000_000.0, 60.0),
        ("okx", "ETH-USD-SWAP", "8", "2500.00", 0.032, 80.0),
        ("okx", "BTC-USD-261225", "1", "80000.0", 0.00125, 100.0),
        ("gate", "BTC_USDT", "600", "3405.0", 0.06, 204.3),
        ("gate", "BTC_USD", "5", "50000.0", 0.0001, 5.0),
        ("bitget", "BTCUSDT", "37.722858", "89000", 37.722858 / 89_000, 37.722858),
        ("bitget", "1000BONKUSDT", "60", "0.03", 2_000_000.0, 60.0),
        ("htx", "BTC-USDT", "227", "23350.5", 0.227, 5_300.5635),
        ("htx", "BTC-USD", "173", "17102.9", 1.0115243613656164, 17_300.0),
        ("htx", "BTC261225", "26", "19674.96", 0.13214766383260754, 2_600.0),
        ("kraken", "PF_XBTUSD", "0.440", "34893.0", 0.44, 15_352.92),
        ("kraken", "PI_XRPUSD", "12000", "0.1736", 12_000 / 0.1736, 12_000.0),
        ("kraken", "FI_XBTUSD_261225", "15000", "34969.5", 15_000 / 34_969.5, 15_000.0),
        ("deribit", "BTC-PERPETUAL", "1120", "4469.5", 1_120 / 4_469.5, 1_120.0),
        ("deribit", "SOL_USDC-PERPETUAL", "2.5", "180.00", 2.5, 450.0),
        ("dydx", "AVAX-USD", "3.9", "22.87", 3.9, 89.193),
        ("dydx", "PNUT,RAYDIUM,PNUTPUMP-USD", "100", "0.6", 100.0, 60.0),
        ("lighter", "1", "0.01664", "75602.8", 0.01664, 1_258.030592),
        ("lighter", "4", "7000", "0.01", 7_000_000.0, 70.0),
    ],
)
def test_sizes_are_what_the_documents_say(exchange, symbol, quantity, price, base, usd):
    assert CONTRACTS[exchange, symbol].size(quantity, price) == pytest.approx((base, usd), rel=1e-12)


def test_the_table_has_every_kind_of_contract():
    assert len(CONTRACTS) == sum(len(exchange.table()) for exchange in EXCHANGES.values()), "symbols are unique"
    names = {symbol for _, symbol in CONTRACTS}
    assert names >= {"1000SATSUSDT", "BTCUSDC", "BTCUSDT_261225", "BTC-25DEC26", "ETHPERP", "1INCHUSDT"}
    assert {contract.kind for contract in CONTRACTS.values()} == {"perpetual", "future"}
    assert {contract.settle for contract in CONTRACTS.values()} >= {"USDT", "USDC", "BTC", "ETH"}


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.symbol)
def test_numbers_are_whole_steps_and_worth_about_what_was_asked(contract):
    price = contract.price_text(contract.reference_price)
    quantity = contract.quantity_text(5_000.0, contract.reference_price)
    assert float(price) == pytest.approx(contract.reference_price, rel=1e-4)
    assert -Decimal(quantity).as_tuple().exponent == contract.quantity_decimals
    assert contract.size(quantity, price)[1] == pytest.approx(5_000.0, rel=0.02)
    assert float(contract.quantity_text(0.0, contract.reference_price)) > 0, "never less than one step"


def test_the_truth_is_independent_of_the_parsers():
    for path in Path(exporter.simulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            ours = [name for name in names if name.startswith("exporter")]
            assert all(
                name.startswith(("exporter.simulator", "exporter.model")) or name == "exporter" for name in ours
            ), path
