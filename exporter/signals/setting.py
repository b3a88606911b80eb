"""What all coins share: the exchanges, the hour, and the parameters in the units of the hot path."""

import math

from exporter.signals.exchanges import Exchanges
from exporter.signals.hours import Exposure
from exporter.signals.parameters import Coin as CoinParameters
from exporter.signals.parameters import Parameters
from exporter.signals.readings import MARKET
from exporter.signals.score import Model

_HOUR_S = 3600.0


class Setting:
    """The surroundings of a coin; `hour` is the hour of the day, as of the last minute."""

    __slots__ = (
        "context_per_ms",
        "context_s",
        "exchanges",
        "exposure",
        "freeze_ms",
        "hour",
        "model",
        "parameters",
        "profile_after_s",
        "winsorised",
    )

    def __init__(self, parameters: Parameters, exchanges: Exchanges, exposure: Exposure) -> None:
        baselines = parameters.baselines
        self.parameters = parameters
        self.exchanges = exchanges
        self.exposure = exposure
        self.model = Model(parameters)
        self.hour = 0
        self.context_per_ms = math.log(2.0) / (baselines.context_half_life_min * 60_000.0)
        self.context_s = 1.0
        self.freeze_ms = baselines.freeze_max_min * 60_000.0
        self.profile_after_s = baselines.hour_of_day_after_h * _HOUR_S
        self.winsorised = baselines.winsorised

    def refresh(self, now_ms: int) -> None:
        """Bring up to date what depends on time alone."""
        exchanges, baselines = self.exchanges, self.parameters.baselines
        exchanges.refresh(now_ms, baselines)
        per_s = self.context_per_ms * 1000.0
        learned = 1.0 - math.exp(-exchanges.observed_s * per_s)
        self.context_s = (learned + baselines.prior_weight) / per_s

    def floor_usd(self, base: str) -> float:
        """Return the least USD of a cascade of this coin, or of the market."""
        if base == MARKET:
            return self.parameters.market_floor_usd
        floor = self.parameters.coins.get(base, CoinParameters()).floor_usd
        return self.parameters.floor_usd if floor is None else floor

    def muted(self, base: str) -> bool:
        """Tell whether a coin only gets a score."""
        return base in self.parameters.coins and self.parameters.coins[base].mute
