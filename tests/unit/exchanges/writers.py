"""Frames of every exchange from the same rows: (long, quantity, price, time in ms), numbers as texts."""

from exporter.isotime import text_of

T = 1_790_000_000_000
"""The time of the frames."""


def binance_frames(drawn):
    for long, quantity, price, time_ms in drawn:
        order = {"s": "BTCUSDT", "S": "SELL" if long else "BUY", "X": "FILLED", "T": time_ms}
        order |= {"q": quantity, "z": quantity, "p": "1", "ap": price}
        yield {"stream": "!forceOrder@arr", "data": {"e": "forceOrder", "E": time_ms, "o": order, "st": 1}}


def bybit_frames(drawn):
    data = [
        {"T": time_ms, "s": "BTCUSDT", "S": "Buy" if long else "Sell", "v": quantity, "p": price}
        for long, quantity, price, time_ms in drawn
    ]
    yield {"topic": "allLiquidation.BTCUSDT", "type": "snapshot", "ts": T, "data": data}


def okx_frames(drawn):
    details = [
        {"side": "sell" if long else "buy", "posSide": "net", "sz": quantity, "bkPx": price, "ts": str(time_ms)}
        for long, quantity, price, time_ms in drawn
    ]
    data = [{"instId": "BTC-USDT-SWAP", "instType": "SWAP", "details": details}]
    yield {"arg": {"channel": "liquidation-orders", "instType": "SWAP"}, "data": data}


def gate_frames(drawn):
    rows = [
        {"contract": "BTC_USDT", "size": f"-{quantity}" if long else quantity, "price": price, "time": time_ms}
        for long, quantity, price, time_ms in drawn
    ]
    yield {"channel": "futures.public_liquidates", "event": "update", "time_ms": T, "result": rows}


def htx_frames(drawn):
    rows = [
        {"contract_code": "BTC-USDT", "direction": "sell" if long else "buy", "volume": quantity, "price": price}
        | {"created_at": time_ms, "offset": "close"}
        for long, quantity, price, time_ms in drawn
    ]
    yield {"op": "notify", "topic": "public.BTC-USDT.liquidation_orders", "ts": T, "data": rows}


def bitget_frames(drawn):
    rows = [
        {"symbol": "BTCUSDT", "side": "buy" if long else "sell", "amount": quantity, "price": price, "ts": str(time_ms)}
        for long, quantity, price, time_ms in drawn
    ]
    yield {"action": "update", "arg": {"instType": "usdt-futures", "topic": "liquidation"}, "data": rows, "ts": T}


def bitfinex_frames(drawn):
    rows = [
        ["pos", 7, time_ms, None, "tBTCF0:USTF0", quantity if long else -float(quantity), 1, None, 1, 1, None, price]
        for long, quantity, price, time_ms in drawn
    ]
    yield [7, rows]


def kraken_frames(drawn):
    trades = [
        {"feed": "trade", "type": "liquidation", "product_id": "PF_XBTUSD", "uid": f"u{number}", "time": time_ms}
        | {"side": "sell" if long else "buy", "qty": quantity, "price": price}
        for number, (long, quantity, price, time_ms) in enumerate(drawn)
    ]
    yield {"feed": "trade_snapshot", "product_id": "PF_XBTUSD", "trades": trades}


def deribit_frames(drawn):
    trades = [
        {"instrument_name": "BTC-PERPETUAL", "trade_id": str(number), "timestamp": time_ms, "liquidation": "T"}
        | {"direction": "sell" if long else "buy", "amount": quantity, "price": price}
        for number, (long, quantity, price, time_ms) in enumerate(drawn)
    ]
    params = {"channel": "trades.future.any.100ms", "data": trades}
    if trades:
        yield {"jsonrpc": "2.0", "method": "subscription", "params": params}


def dydx_frames(drawn):
    trades = [
        {"id": f"{number:x}", "side": "SELL" if long else "BUY", "size": quantity, "price": price}
        | {"type": "LIQUIDATED", "createdAt": text_of(time_ms)}
        for number, (long, quantity, price, time_ms) in enumerate(drawn)
    ]
    if trades:
        yield {"type": "channel_data", "channel": "v4_trades", "id": "BTC-USD", "contents": {"trades": trades}}


def lighter_frames(drawn):
    trades = [
        {"trade_id": number, "market_id": 1, "type": "liquidation", "timestamp": time_ms, "is_maker_ask": not long}
        | {"size": quantity, "price": price}
        for number, (long, quantity, price, time_ms) in enumerate(drawn)
    ]
    if trades:
        yield {"type": "update/trade", "channel": "trade:1", "trades": [], "liquidation_trades": trades}


WRITERS = {
    "aster": binance_frames,
    "bitfinex": bitfinex_frames,
    "binance": binance_frames,
    "bybit": bybit_frames,
    "okx": okx_frames,
    "gate": gate_frames,
    "htx": htx_frames,
    "bitget": bitget_frames,
    "kraken": kraken_frames,
    "deribit": deribit_frames,
    "dydx": dydx_frames,
    "lighter": lighter_frames,
}
