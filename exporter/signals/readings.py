"""What comes out of the engine: changes of level, episodes, large orders, and readings of the present."""

from typing import Literal

import msgspec

from exporter.model import Side

UNKNOWN, NONE, WATCH, WARNING, CRITICAL = -1, 0, 1, 2, 3
LEVEL_NAMES = {UNKNOWN: "unknown", NONE: "none", WATCH: "watch", WARNING: "warning", CRITICAL: "critical"}

MARKET = "*"
"""The base of the stream of all coins together."""

ALONE = 0.9
"""From this share of the last 30 s' USD on, one order is all there is."""

TERMS = ("scan", "cusum", "relative", "branching", "concentration", "share", "breadth", "persistence", "baseline")
"""The order of the terms in `Sample.terms` and of the weights that a fit yields."""

COMPONENTS = ("intensity", "self_excitation", "one_sidedness", "breadth", "concentration", "baseline")
"""The contributions that are shown: scan + relative + persistence, branching + cusum, share, and the rest alone."""


class Sample(msgspec.Struct, frozen=True, gc=False):
    """The linear model's input at one instant: `terms` in the order of `TERMS`, each as its weight multiplies it.

    `open` tells whether all gates hold, the floor among them. `run_usd` is the USD of the present run.
    """

    terms: tuple[float, float, float, float, float, float, float, float, float]
    open: bool
    run_usd: float
    coverage: float
    warmup: bool


class LevelChange(msgspec.Struct, frozen=True, gc=False):
    """A coin and side (or the market, base `*`) moved from level `previous` to `level`, 0 to 3, at `time_ms`.

    `contributions` are in the order of `COMPONENTS`. `by_breadth` tells that coins and not the score moved the market.
    Unknown is no change of level: the level is held, and a reading says -1 where it was 0.
    """

    time_ms: int
    base: str
    side: Side
    level: int
    previous: int
    score: float
    contributions: tuple[float, ...]
    coverage: float
    by_breadth: bool = False


class Episode(msgspec.Struct, frozen=True, gc=False):
    """A cascade of one coin and side: times in Unix ms, USD, prices of one base unit in USD.

    `id` is base|side|start_ms and stays when the episode is told again (opened, a higher level, closed); `end_ms` is
    the last order that belonged to it, so far or for good. `peak_ms` is the end of the 10 s with most USD, `peak_usd`.
    `contributions`, in the order of `COMPONENTS`, are those of the highest score. `exchanges` come in the order of
    their first order. `flags` are of prolonged, gap, warmup, two_sided, rolled_over.
    """

    id: str
    base: str
    side: Side
    state: Literal["open", "closed"]
    start_ms: int
    opened_ms: int
    peak_ms: int
    end_ms: int
    closed_ms: int | None
    usd: float
    events: int
    peak_usd: float
    largest_usd: float
    max_score: float
    max_level: int
    exchanges: tuple[str, ...]
    first_exchange: str
    price_first: float | None
    price_extreme: float | None
    price_last: float | None
    price_buckets: int
    branching: float
    coverage: float
    contributions: tuple[float, ...]
    flags: tuple[str, ...]


class LargePrint(msgspec.Struct, frozen=True, gc=False):
    """One order of at least `large_print_usd` and its coin's floor.

    `alone`: it is at least 90 % of the last 30 s, a whale and no cascade.
    """

    time_ms: int
    base: str
    side: Side
    exchange: str
    usd: float
    alone: bool


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One coin and side, or the market, at this moment.

    `score` (0 to 100) is None and `level` -1 while unknown. `contributions`, in the order of `COMPONENTS`, sum to
    `excess` exactly when added from left to right, and x = `x_calm` + `excess` is the logit of the score before the
    gates. `terms` are in the order of `TERMS`. `acceleration` and `branching` are information.
    """

    score: float | None
    level: int
    x_calm: float
    excess: float
    contributions: tuple[float, ...]
    terms: tuple[float, ...]
    open: bool
    run_usd: float
    branching: float
    acceleration: float
    coverage: float
    warmup: bool
    episode: Episode | None


class Pair(msgspec.Struct, frozen=True, gc=False):
    """How two exchanges move together on one side, same coins, over about an hour.

    `lead_s` is the lag of the sharpest peak, positive when `a` comes first, None while it is not significant (fewer
    than 200 pairs or z below 4) and 0.0 when it is below half a second, which is simultaneous. `synchrony` is the
    chance of an order at b within 2 s of one at a, beyond what the rate of b explains. `correlation` is that of
    ln(1 + USD) per minute, None before an hour.
    """

    a: str
    b: str
    side: Side
    pairs: float
    lead_s: float | None
    peak_s: float
    z: float
    asymmetry: float
    synchrony: float
    correlation: float | None


class Cluster(msgspec.Struct, frozen=True, gc=False):
    """Prices at which much was liquidated (realised, not predicted): USD and events fade with a half-life of 6 h.

    `distance` is centre / last price - 1.
    """

    low: float
    high: float
    centre: float
    usd: float
    events: float
    distance: float


class Dominance(msgspec.Struct, frozen=True, gc=False):
    """Who publishes the liquidations: decayed USD (24 h) per exchange, and its Herfindahl index, 1/n to 1.

    `sampled` names the exchanges whose figures are lower bounds; `hhi_full` is over those that publish every order,
    None without any.
    """

    usd: dict[str, float]
    hhi: float | None
    hhi_full: float | None
    sampled: tuple[str, ...]
