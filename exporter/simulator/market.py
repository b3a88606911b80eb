"""The market behind the simulated exchanges: prices that they share, and liquidations that happen on it.

Time is the market's own, in steps of `STEP_MS`: what happens depends on the seed alone, never on how fast the
machine is.
"""

from collections.abc import Callable, Iterator, Sequence
from math import exp, sqrt
from random import Random

from exporter.simulator.contracts import COINS, Contract
from exporter.simulator.orders import Order, Pool, draw_order, draw_side
from exporter.simulator.scenarios import Fault, Phase, Surge

STEP_MS = 50
STEP_S = STEP_MS / 1000
LONG_SHARE = 0.55
TWIN_SHARE = 0.03
VOLATILITY = 0.0002
PULL = 0.002
EXCITEMENT_S = 3.0
TRIES = 5

Offer = Callable[[Order], bool]


class Prices:
    """A random walk for each coin, in USD, gently pulled back to where it began."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(f"{seed}:prices")
        self.usd = {coin.name: coin.price for coin in COINS.values()}
        self._home = dict(self.usd)

    def add(self, coin: str, usd: float) -> None:
        """Add a coin that was listed during the run."""
        self.usd[coin] = self._home[coin] = usd

    def step(self, surge: Surge | None) -> None:
        """Move every price by one step, those of a surge with its drift."""
        for name, price in self.usd.items():
            pull = PULL * (self._home[name] / price - 1)
            drift = surge.drift if surge and name in surge.coins else 0.0
            noise = VOLATILITY * sqrt(STEP_S) * self._rng.gauss(0.0, 1.0)
            self.usd[name] = price * exp((drift + pull) * STEP_S + noise)


class Arrivals:
    """How many liquidations a step has: each one excites others for some seconds (a Hawkes process).

    `rate` is the mean per second, `branching` the mean number of others that one triggers (below 1). One that is
    `building` begins without excitement and works up to its rate.
    """

    def __init__(self, rate: float, branching: float, *, building: bool = False) -> None:
        self._calm_rate = rate * (1 - branching)
        self._jump = branching / EXCITEMENT_S
        self._excitement = 0.0 if building else rate * branching

    def count(self, rng: Random) -> int:
        """Draw the number in the next step."""
        number = poisson(rng, (self._calm_rate + self._excitement) * STEP_S)
        self._excitement = self._excitement * exp(-STEP_S / EXCITEMENT_S) + number * self._jump
        return number


def poisson(rng: Random, mean: float) -> int:
    """Draw a Poisson number: by Knuth's product, from a mean of 50 on by its normal approximation."""
    if mean > 50:
        return max(0, round(rng.gauss(mean, sqrt(mean))))
    limit, product, number = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        number += 1
    return number


class Market:
    """Plays a script: every step it moves the prices and offers the liquidations that happened.

    An offer answers whether the order will be sent: an exchange that samples swallows some. Rates count what is sent.
    With `rate` the script's own rates are replaced by a steady one, 0 for none at all.
    """

    def __init__(
        self,
        contracts: Sequence[Contract],
        prices: Prices,
        script: Iterator[Phase],
        seed: int,
        rate: float | None = None,
    ) -> None:
        self._rng = Random(f"{seed}:market")
        self._aside_rng = Random(f"{seed}:aside")
        self._aside: dict[str, Pool] = {}
        self._contracts = contracts
        self._script = script
        self._rate = rate
        self._waiting = sorted((c for c in contracts if c.traded_s > 0), key=lambda c: c.traded_s)
        self._phase_left = 0
        self._surge: Arrivals | None = None
        self.prices = prices
        self.epoch_ms = 0
        self.elapsed_ms = 0
        self.phase: Phase
        self._begin_phase()

    @property
    def now_ms(self) -> int:
        """The market's time."""
        return self.epoch_ms + self.elapsed_ms

    def step(self, offer: Offer) -> tuple[Fault, ...]:
        """Play one step; returns the faults that begin with it."""
        faults: tuple[Fault, ...] = ()
        if self._phase_left <= 0:
            self._begin_phase()
        if self._phase_left == self._phase_steps:
            faults = self.phase.faults
            self._call_the_roll(offer)
        self._phase_left -= 1
        self.prices.step(self.phase.surge)
        self._open_late_contracts(offer)
        self._offer(offer, self._arrivals.count(self._rng), None)
        if self.phase.surge and self._surge:
            self._offer(offer, self._surge.count(self._rng), self.phase.surge)
        self.elapsed_ms += STEP_MS
        return faults

    def draw(self, exchange: str) -> Order:
        """Draw an order of one exchange that nothing else depends on: the story that the seed tells stays as it is."""
        if exchange not in self._aside:
            listed = [each for each in self._contracts if each.exchange == exchange and each not in self._waiting]
            self._aside[exchange] = Pool(listed)
        rng = self._aside_rng
        contract = self._aside[exchange].draw(rng)
        usd = self.prices.usd[contract.coin]
        return draw_order(rng, contract, usd, draw_side(rng, LONG_SHARE), self.now_ms)

    def rest(self) -> None:
        """Let nothing happen any more; prices go on."""
        self._rate, self._waiting = 0.0, []
        self._arrivals, self._surge = Arrivals(0.0, 0.0), None

    def _begin_phase(self) -> None:
        self.phase = next(self._script)
        self._phase_steps = max(1, round(self.phase.seconds / STEP_S))
        self._phase_left = self._phase_steps
        surge = self.phase.surge
        if self._rate is not None:
            self._arrivals, self._surge = Arrivals(self._rate, 0.0), None
        else:
            self._arrivals = Arrivals(self.phase.rate, self.phase.branching)
            self._surge = Arrivals(surge.rate, surge.branching, building=True) if surge else None
        self._fill_pools()

    def _fill_pools(self) -> None:
        self._trading = [contract for contract in self._contracts if contract not in self._waiting]
        surge = self.phase.surge
        self._pool = Pool(self._trading)
        self._surge_pool = Pool(self._trading, surge.coins) if surge else self._pool

    def _call_the_roll(self, offer: Offer) -> None:
        """Let every exchange have an order where the phase wants that."""
        if self.phase.roll_call and self._rate is None:
            for exchange in dict.fromkeys(contract.exchange for contract in self._trading):
                pool = Pool([contract for contract in self._trading if contract.exchange == exchange])
                offer(self._draw(pool.draw(self._rng), None))

    def _open_late_contracts(self, offer: Offer) -> None:
        """Let a new contract trade, beginning with one order, so that even a short and calm run has it."""
        while self._waiting and self._waiting[0].traded_s * 1000 <= self.elapsed_ms:
            contract = self._waiting.pop(0)
            self._fill_pools()
            if self._rate != 0:
                offer(self._draw(contract, None))

    def _offer(self, offer: Offer, wanted: int, surge: Surge | None) -> None:
        sent = tries = 0
        pool = self._surge_pool if surge else self._pool
        while sent < wanted and tries < wanted * TRIES:
            order = self._draw(pool.draw(self._rng), surge)
            sent += offer(order)
            if self._rng.random() < TWIN_SHARE:
                sent += offer(order)
            tries += 1

    def _draw(self, contract: Contract, surge: Surge | None) -> Order:
        side = draw_side(self._rng, LONG_SHARE)
        if surge:
            side = surge.side
        time_ms = self.now_ms + self._rng.randrange(STEP_MS)
        scale = surge.scale if surge else 1.0
        return draw_order(self._rng, contract, self.prices.usd[contract.coin], side, time_ms, scale)
