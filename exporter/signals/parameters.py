"""Everything of the detector that can be tuned, with the defaults that were fitted; one line of meaning each.

This is the one place of the numbers: the block `signals` of config.yaml has these keys, the laboratory fits on
`Weights` and `Levels`, the engine reads nothing else. Unknown keys and values out of range are errors with their key.
"""

from typing import Annotated, Literal

import msgspec

Sampling = Literal["full", "sampled", "batch", "unknown"]
"""What an exchange publishes: every order; a part of them; every order, many with one time; it is not known.

The ratio of one order to the next is learned where it is every order.
"""

Number = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
Positive = Annotated[float, msgspec.Meta(gt=0.0, le=1e15)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0, le=1e15)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Score = Annotated[float, msgspec.Meta(ge=0.0, le=100.0)]
Part = Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]
Memory = Annotated[float, msgspec.Meta(ge=1.0, le=10_000.0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One block of parameters."""


class Weights(Section, frozen=True):
    """What a unit of each term adds to the logit x of the score; 100 / (1 + exp(-x)) is the score."""

    intercept: Number = -5.627  # x where every term is 0
    scan: Number = 0.459  # of ln(1 + scan): more orders than the baseline explains, at any of four time scales
    cusum: Number = 0.341  # of ln(1 + cusum): evidence for a self-exciting regime that has lasted
    relative: Number = 0.667  # of ln(1 + rel): USD of the last 30 s over the baseline's
    branching: Number = 0.000  # of n: liquidations that each liquidation sets off
    concentration: Number = 0.000  # of the largest order's share of the last 30 s' USD
    share: Number = 0.000  # of the logit of this side's share of the last 30 s, of USD or of orders, the smaller
    breadth: Number = 0.693  # of the effective number of exchanges that take part
    persistence: Number = 2.825  # of ln(seconds in which an order came, of about the last 90)
    baseline: Number = -1.190  # of ln(1 + baseline orders a day): more orders, more chances


class Calm(Section, frozen=True):
    """The terms of an ordinary minute; a contribution is what a term adds beyond its value here."""

    scan: Number = 1.562  # ln(1 + scan)
    cusum: Number = 0.758  # ln(1 + cusum)
    relative: Number = 2.909  # ln(1 + rel)
    branching: Number = 0.655  # n
    concentration: Number = 0.733  # the largest order's share
    share: Number = 0.964  # the logit of this side's share
    breadth: Number = 1.024  # the effective number of exchanges
    persistence: Number = 0.883  # ln(seconds in which an order came)
    baseline: Number = 5.838  # ln(1 + baseline orders a day)


class Gates(Section, frozen=True):
    """What has to hold, all of it, before the score may pass `closed_score`."""

    share: Share = 0.80  # this side's share of the last 30 s is above this, of USD and of orders
    relative: NotNegative = 8.0  # USD of the last 30 s over the baseline's is above this
    orders: NotNegative = 3.5  # orders in 30 s are above this (decayed)
    concentration: Share = 0.90  # the largest order's share of them is below this
    scan: NotNegative = 3.0  # the scan statistic is at least this
    closed_score: Score = 39.0  # the highest score while one of them does not hold


class Threshold(Section, frozen=True):
    """Where a level begins and below which score it may end."""

    enter: Score  # the level begins with this score
    exit: Score  # it may end below this one

    def __post_init__(self) -> None:
        if self.exit >= self.enter:
            raise ValueError(f"a level has to end below its beginning: exit {self.exit:g} is not below {self.enter:g}")


class Levels(Section, frozen=True):
    """The levels of the score, and how long a fall has to last."""

    watch: Threshold = Threshold(enter=40.0, exit=30.0)
    warning: Threshold = Threshold(enter=68.0, exit=58.0)
    critical: Threshold = Threshold(enter=96.0, exit=94.0)
    dwell_s: NotNegative = 30.0  # a level ends after this long below its exit, one level at a time

    def __post_init__(self) -> None:
        if not self.watch.enter < self.warning.enter < self.critical.enter:
            raise ValueError("levels have to begin one above the other: watch, warning, critical")


class Baselines(Section, frozen=True):
    """What is ordinary for a coin and side, learned over observed time."""

    slow_half_life_h: Memory = 24.0  # memory of the slow baseline, per exchange
    context_half_life_min: Memory = 60.0  # memory of the context baseline, exchanges together
    prior_per_day: Positive = 20.0  # orders a day expected of a coin nobody knows, over the exchanges that have it
    prior_weight: Part = 0.02  # how much of a fully learned baseline the prior is worth
    prior_size_usd: Positive = 1_000.0  # the median order expected of a coin nobody knows
    winsorised: Part = 0.15  # what an order counts while a burst runs
    hour_of_day_after_h: NotNegative = 36.0  # the profile over the day is used after this much observed time
    freeze_max_min: NotNegative = 30.0  # the context baseline stands still during an episode, no longer than this


class Breadth(Section, frozen=True):
    """When a cascade is one of the market: coins at a level within `within_s`, on one side."""

    warning_coins: Count = 3  # this many coins at warning: the market is at warning
    critical_coins: Count = 3  # this many coins at critical: the market is at critical
    critical_by_warning_coins: Count = 8  # or this many at warning
    within_s: NotNegative = 60.0  # how long a coin still counts after it left the level


class Coverage(Section, frozen=True):
    """What the engine may say when feeds are down; shares are of the baseline USD."""

    hold: Share = 0.8  # below this share the level cannot fall
    blind: Share = 0.5  # below this share time stands still for the coin
    unknown_after_s: NotNegative = 60.0  # and after this long the score is absent and the level unknown

    def __post_init__(self) -> None:
        if self.blind > self.hold:
            raise ValueError(f"blind {self.blind:g} must not be above hold {self.hold:g}")


class Warmup(Section, frozen=True):
    """How long a coin is learned before its level may pass watch."""

    hours: NotNegative = 6.0  # observed time that is needed, together with
    orders: Count = 200  # so many orders; or
    hours_at_most: NotNegative = 24.0  # this much observed time alone
    certain_floors: NotNegative = 10.0  # a run of this many floors
    certain_scan: NotNegative = 20.0  # and this scan statistic is believed all the same


class EpisodeRules(Section, frozen=True):
    """When an episode is over."""

    hot_score: Score = 30.0  # an order with at least this score belongs to the episode
    quiet_s: Positive = 120.0  # observed time without one, and below warning, after which the episode is over
    prolonged_min: Positive = 30.0  # a longer one is flagged
    roll_over_h: Positive = 2.0  # a longer one is closed and continued as another


class Coin(Section, frozen=True):
    """What is different for one coin."""

    floor_usd: NotNegative | None = None  # instead of the floor of all coins
    mute: bool = False  # score only: no levels, no episodes, no part in the market's breadth


DEFAULT_COINS = {
    "BTC": Coin(floor_usd=1_000_000.0),
    "ETH": Coin(floor_usd=500_000.0),
    **{
        base: Coin(floor_usd=250_000.0)
        for base in ("SOL", "XRP", "DOGE", "BNB", "HYPE", "SUI", "ADA", "LINK", "AVAX", "LTC")
    },
}


class Parameters(Section, frozen=True):
    """The detector's parameters."""

    weights: Weights = Weights()
    calm: Calm = Calm()
    gates: Gates = Gates()
    levels: Levels = Levels()
    baselines: Baselines = Baselines()
    breadth: Breadth = Breadth()
    coverage: Coverage = Coverage()
    warmup: Warmup = Warmup()
    episodes: EpisodeRules = EpisodeRules()
    floor_usd: NotNegative = 50_000.0  # a run of which the feeds show less than this many USD is no cascade
    market_floor_usd: NotNegative = 5_000_000.0  # the same for all coins together
    large_print_usd: NotNegative = 100_000.0  # one order of this many USD is told by itself; at least the coin's floor
    # what is different for one coin; others and missing keys as by default
    coins: dict[str, Coin] = msgspec.field(default_factory=lambda: dict(DEFAULT_COINS))
    idle_coins: Count = 2_000  # so many coins are remembered; beyond it the one without orders for longest is forgotten
    late_s: NotNegative = 60.0  # an order later than this is not shown to the detector

    def __post_init__(self) -> None:
        if self.gates.closed_score >= self.levels.watch.enter:
            raise ValueError(
                f"gates.closed_score {self.gates.closed_score:g} has to be below levels.watch.enter "
                f"{self.levels.watch.enter:g}, or a closed gate would hold nothing back"
            )
