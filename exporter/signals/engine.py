"""The detector as its callers see it. Time comes from the arguments alone: the same calls give the same bytes.

    engine = Engine(Parameters(), {"binance": "sampled", "bybit": "full"})
    engine.feed("bybit", True, start_ms)              # an exchange is down until it is said to be up
    engine.order("BTC", "long", "bybit", usd, price, time_ms, applied_ms)     # or event(liquidation, applied_ms)
    engine.advance(to_ms)                             # time passes although nothing arrives; whole seconds count
    engine.take_changes(), engine.take_episodes(), engine.take_prints()       # what happened since the last take
    engine.sample("BTC", "long")                      # terms and gates at this moment, for a fit
    engine.reading("BTC", "long")                     # all that can be shown, for metrics and pages

`applied_ms` never runs backwards; one that does is taken as the present. Orders with one `applied_ms` are one batch:
scores and levels follow when time moves on. Readings change nothing.
"""

from collections.abc import Mapping
from typing import Literal

from exporter.model import Liquidation, Side
from exporter.signals.parameters import Parameters, Sampling
from exporter.signals.readings import (
    Cluster,
    Dominance,
    Episode,
    LargePrint,
    LevelChange,
    Pair,
    Reading,
    Sample,
)


class Engine:
    """Scores, levels and episodes of every coin and side and of the market, and what the exchanges have in common.

    `feeds` says of every exchange what it publishes; an order of another exchange raises `KeyError`.
    """

    now_ms: int

    def __init__(self, parameters: Parameters, feeds: Mapping[str, Sampling]) -> None: ...

    def event(self, event: Liquidation, applied_ms: int) -> None:
        """Take one committed event."""

    def order(self, base: str, side: Side, exchange: str, usd: float, price: float, time_ms: int, applied_ms: int) -> None:
        """Take one liquidation order: `price` in USD of one base unit. One that is late by over a minute is left out."""

    def feed(self, exchange: str, up: bool, applied_ms: int, line: str = "") -> None:
        """Take a change of a feed; an exchange is up while all its `line`s that were ever named are."""

    def advance(self, to_ms: int) -> None:
        """Let time pass up to `to_ms`, in whole seconds."""

    def take_changes(self) -> list[LevelChange]:
        """Return the changes of level since the last call, in their order."""

    def take_episodes(self) -> list[Episode]:
        """Return the episodes that opened, reached a higher level or closed since the last call, in their order."""

    def take_prints(self) -> list[LargePrint]:
        """Return the large single orders since the last call, in their order."""

    def sample(self, base: str, side: Side) -> Sample | None:
        """Return terms and gates at this moment, None for a coin without orders; base `*` is the market."""

    def reading(self, base: str, side: Side) -> Reading | None:
        """Return everything about a coin and side at this moment, None for a coin without orders."""

    def market(self, side: Side) -> Reading:
        """Return everything about the market at this moment."""

    def bases(self) -> list[str]:
        """Return the coins that are known, in alphabetical order."""

    def coverage(self, base: str) -> float:
        """Return the share of a coin's ordinary USD whose exchanges are up; `*` is the market."""

    def stress(self, side: Side, window: Literal["1h", "24h"]) -> float | None:
        """Return which share of the last 30 days had fewer USD in such a window, None before a day is known."""

    def pairs(self) -> list[Pair]:
        """Return what each two exchanges have in common, per side."""

    def clusters(self, base: str, side: Side) -> list[Cluster]:
        """Return the five largest clusters of realised prices, largest first."""

    def dominance(self, base: str) -> Dominance:
        """Return the exchanges' parts of a coin; `*` is the market."""

    def snapshot(self) -> bytes:
        """Return the state; what was not taken (changes, episodes, prints) is not in it."""

    @classmethod
    def restore(cls, state: bytes, parameters: Parameters, feeds: Mapping[str, Sampling]) -> "Engine":
        """Return an engine that continues as if nothing had happened; raises `ValueError` on a state of another version."""
