"""Runs in the peers' environment: `worker.py PEER EXCHANGE FILE` reads the file's frames, one a line, when told to.

For every line on stdin it takes all frames once and answers with the seconds of CPU that took and how many
liquidations came out. It imports nothing of this project. The peers are given what they ask their exchanges for before
they start: the symbols. Their own code does everything from the text of a frame on.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import import_module, metadata
from pathlib import Path

import orjson

Take = Callable[[list[str]], Awaitable[int]]
"""Takes frames and returns how many liquidations were in them."""


def decoding(_exchange: str, _symbols: list[str]) -> Take:
    """Return what only decodes, and finds nothing."""

    async def take(frames: list[str]) -> int:
        loads = orjson.loads
        for frame in frames:
            loads(frame)
        return 0

    return take


def cryptofeed(exchange: str, symbols: list[str]) -> Take:
    """Return cryptofeed's handler of Binance's frames."""
    assert exchange == "binance", "of the others it reads no liquidations from the socket"
    feeds, definitions = import_module("cryptofeed.exchanges"), import_module("cryptofeed.defines")
    known = import_module("cryptofeed.symbols").Symbols
    known.set(feeds.BinanceFutures.id, {name: name for name in symbols}, {"instrument_type": dict.fromkeys(symbols)})
    found = 0

    async def count(_liquidation: object, _received: float) -> None:
        nonlocal found
        found += 1

    channel = definitions.LIQUIDATIONS
    handle = feeds.BinanceFutures(symbols=symbols, channels=[channel], callbacks={channel: count}).message_handler

    async def take(frames: list[str]) -> int:
        nonlocal found
        found = 0
        for frame in frames:
            await handle(frame, None, 1.0)
        return found

    return take


def ccxt(exchange: str, symbols: list[str]) -> Take:
    """Return ccxt.pro's handler of an exchange's frames, decoded with orjson, which it uses where it can."""
    maker = getattr(import_module("ccxt.pro"), {"binance": "binanceusdm"}.get(exchange, exchange))
    api = maker({"options": {"liquidationsLimit": 1000}})
    api.set_markets([market(api, name) for name in symbols])
    client = Client()

    async def take(frames: list[str]) -> int:
        client.found = 0
        loads, handle = orjson.loads, api.handle_message
        for frame in frames:
            handle(client, loads(frame))
        return client.found

    return take


class Client:
    """What ccxt's handlers see of a socket to which nobody has subscribed yet: they tell it what they found."""

    url = "wss://localhost"

    def __init__(self) -> None:
        self.subscriptions: dict[str, object] = {}
        self.found = 0

    def resolve(self, _result: object, name: str) -> None:
        self.found += name == "liquidations"


def market(api: object, name: str) -> dict[str, object]:
    """Return a market as ccxt's `loadMarkets` does."""
    base = {"id": name, "symbol": name, "base": name, "quote": "USDT", "settle": "USDT", "type": "swap", "swap": True}
    more = {"contract": True, "linear": True, "inverse": False, "spot": False, "precision": {}, "limits": {}}
    return api.safe_market_structure(base | more)  # type: ignore[attr-defined]


PEERS = {"orjson": decoding, "cryptofeed": cryptofeed, "ccxt": ccxt}


async def main(peer: str, exchange: str, frames: list[str], symbols: list[str]) -> None:
    take = PEERS[peer](exchange, symbols)
    gc.collect()
    gc.freeze()
    print(peer, metadata.version(peer), flush=True)
    for _ in sys.stdin:
        gc.collect()
        started = time.process_time()
        found = await take(frames)
        print(time.process_time() - started, found, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_text().splitlines(), sys.argv[4:]))
