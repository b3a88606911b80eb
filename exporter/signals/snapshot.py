"""The engine's state as bytes, and back: what continues from it gives the same bytes as what was never interrupted."""

from array import array
from collections.abc import Mapping
from typing import Any

import msgspec

from exporter.signals.clockwork import Clockwork
from exporter.signals.coin import Coin
from exporter.signals.correlation import Minutes
from exporter.signals.exchanges import Exchanges
from exporter.signals.hours import Exposure, hour_of
from exporter.signals.market import Coins
from exporter.signals.pairs import Crossings
from exporter.signals.parameters import Parameters, Sampling
from exporter.signals.setting import Setting
from exporter.signals.state import State
from exporter.signals.stress import Stress

VERSION = 1


def write(work: Clockwork) -> bytes:
    """Return the state as bytes; floats keep every bit."""
    parts = {
        "version": VERSION,
        "now_ms": work.now_ms,
        "next_ms": work.next_ms,
        "started": work.started,
        "context_s": work.setting.context_s,
        "exchanges": work.setting.exchanges,
        "exposure": work.setting.exposure,
        "coins": list(work.coins.values()),
        "active": list(work.active),
        "dirty": [(coin.base, index) for coin, index, _ in work.dirty],
        "market": work.market,
        "market_active": work.market_active,
        "members": work.members,
        "stress": work.stress,
        "crossings": work.crossings,
        "minutes": work.minutes,
    }
    return msgspec.msgpack.encode(parts, enc_hook=_plain)


def read(state: bytes, parameters: Parameters, feeds: Mapping[str, Sampling]) -> Clockwork:
    """Return the state that `write` was given, with these parameters and exchanges; raises `ValueError`."""
    parts = _parts(state)
    exchanges = Exchanges.load(parts["exchanges"])
    configured = exchanges.configure(feeds)
    setting = Setting(parameters, exchanges, Exposure.load(parts["exposure"]))
    setting.context_s = parts["context_s"]
    setting.hour = hour_of(parts["now_ms"])
    work = Clockwork(setting)
    work.now_ms, work.next_ms, work.started = parts["now_ms"], parts["next_ms"], parts["started"]
    work.coins = {coin.base: coin for coin in Coin.load_list(parts["coins"])}
    work.active = dict.fromkeys(parts["active"])
    work.dirty = [(work.coins[base], index, work.coins[base].sides[index]) for base, index in parts["dirty"]]
    work.market = Coin.load(parts["market"])
    work.market_active = parts["market_active"]
    work.members = Coins.load_list(parts["members"])
    work.stress = Stress.load_list(parts["stress"])
    work.crossings = Crossings.load_list(parts["crossings"])
    work.minutes = Minutes.load_list(parts["minutes"])
    for coin in (*work.coins.values(), work.market):
        coin.configure(setting)
    if configured:
        _widen(work)
    return work


def _widen(work: Clockwork) -> None:
    """Make room for exchanges that were not there before, and look anew at which are up."""
    size = len(work.setting.exchanges.names)
    for crossings, minutes in zip(work.crossings, work.minutes, strict=True):
        crossings.widen(size)
        minutes.widen(size)
    work.cover()


def _parts(state: bytes) -> dict[str, Any]:
    try:
        parts = msgspec.msgpack.decode(state)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a snapshot of the signals: {error}") from None
    if not isinstance(parts, dict) or parts.get("version") != VERSION:
        raise ValueError(f"not a snapshot of the signals of version {VERSION}")
    return parts


def _plain(value: object) -> list[Any] | bytes:
    if isinstance(value, State):
        return value.dump()
    if isinstance(value, array):
        return value.tobytes()
    raise TypeError(f"{type(value).__name__} is no part of a snapshot")
