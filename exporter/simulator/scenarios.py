"""The scripts: what happens on the simulated markets and to the simulated connections, and when.

A script is an endless sequence of phases. It draws from its own seeded generator, so a seed always tells the same
story, whoever is connected.
"""

from collections.abc import Callable, Iterator
from itertools import cycle
from random import Random
from typing import Literal

import msgspec

from exporter.model import LONG, SIDES, Side

LastingFault = Literal[
    "silence",
    "refuse",
    "refuse_rest",
    "hold_rest",
    "refuse_subscriptions",
    "garble",
    "flood",
    "flap",
    "stall",
]
"""What can be wrong for a while.

`silence`: neither liquidations nor prices are sent. `refuse`, `refuse_rest`, `refuse_subscriptions`: an error is the
answer. `hold_rest`: REST answers late. `garble`: every frame is cut in half. `flood`: 10,000 frames a second that no
client can use. `flap`: connections last for a second. `stall`: nothing at all is sent, not even the answer to a ping or
to a handshake.
"""
FaultKind = Literal["close", "abort", "half_open", "offline", "oversized", "not_utf8"] | LastingFault
MAJORS = ("BTC", "ETH", "SOL")
SUBSCRIBED_S = 8.0
"""After so long a client has all subscriptions, at Lighter's pace too, and what every exchange sends is seen."""


class Fault(msgspec.Struct, frozen=True):
    """Something that an exchange does to its clients, for `seconds` where it lasts; `status` is HTTP's."""

    exchange: str
    kind: FaultKind
    seconds: float = 0.0
    status: int = 403


class Surge(msgspec.Struct, frozen=True):
    """A cascade: it works up to `rate` extra liquidations a second of one side of some coins, on every exchange.

    Each one triggers `branching` others on average. Sizes are `scale` times the usual, prices move by `drift` a second.
    """

    side: Side
    rate: float
    drift: float
    coins: tuple[str, ...] = MAJORS
    branching: float = 0.8
    scale: float = 2.0


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a script: `rate` liquidations a second over all exchanges, clustered by `branching`.

    With `roll_call` it begins with one liquidation on every exchange. `faults` happen when it begins. `duplicates` is
    the share of frames delivered twice. `junk` is garbage frames a second from the exchange `hostile`, `bad_rows` the
    share of its event frames that carry a broken row as well.
    """

    seconds: float
    rate: float
    branching: float = 0.6
    surge: Surge | None = None
    roll_call: bool = False
    faults: tuple[Fault, ...] = ()
    duplicates: float = 0.0
    hostile: str = ""
    junk: float = 0.0
    bad_rows: float = 0.0


class Cast(msgspec.Struct, frozen=True):
    """Who plays: the exchanges of the run, and the one that turns hostile."""

    exchanges: tuple[str, ...]
    hostile: str


Script = Callable[[Random, Cast], Iterator[Phase]]


def _calm(_rng: Random, _cast: Cast) -> Iterator[Phase]:
    yield Phase(seconds=SUBSCRIBED_S, rate=1.0)
    yield Phase(seconds=60, rate=1.0, roll_call=True)
    while True:
        yield Phase(seconds=60, rate=1.0)


def _busy(rng: Random, cast: Cast) -> Iterator[Phase]:
    yield Phase(seconds=6, rate=200, duplicates=0.02)
    while True:
        drop = Fault(rng.choice(cast.exchanges), rng.choice(("close", "abort")))
        yield Phase(seconds=rng.uniform(6, 12), rate=200, duplicates=0.02, faults=(drop,))


def _cascade(rng: Random, _cast: Cast) -> Iterator[Phase]:
    yield Phase(seconds=SUBSCRIBED_S, rate=1.5)
    yield Phase(seconds=1, rate=1.5, roll_call=True)
    for side in cycle(SIDES):
        drift = -0.001 if side == LONG else 0.001
        surge = Surge(side, rate=rng.uniform(30, 60), drift=drift * rng.uniform(0.6, 1.4))
        yield Phase(seconds=rng.uniform(20, 60), rate=3.0, surge=surge)
        yield Phase(seconds=rng.uniform(20, 40), rate=1.5)


def _outage(rng: Random, cast: Cast) -> Iterator[Phase]:
    """Each round has every kind of outage once, in an order of its own."""
    yield Phase(seconds=5, rate=20, duplicates=0.05)
    while True:
        exchange = [rng.choice(cast.exchanges) for _ in range(7)]
        troubles = [
            (4.0, (Fault(exchange[0], "close"),)),
            (4.0, (Fault(exchange[1], "abort"),)),
            (9.0, (Fault(exchange[2], "half_open"),)),
            (9.0, (Fault(exchange[3], "silence", 8.0),)),
            (7.0, (Fault(exchange[4], "refuse", 5.0), Fault(exchange[4], "abort"))),
            (6.0, (Fault(exchange[5], "refuse_rest", 5.0, 503), Fault(exchange[5], "close"))),
            (13.0, (Fault(exchange[6], "offline", 10.0),)),
        ]
        rng.shuffle(troubles)
        for seconds, faults in troubles:
            yield Phase(seconds=seconds, rate=20, duplicates=0.05, faults=faults)


def _hostile(rng: Random, cast: Cast) -> Iterator[Phase]:
    """One exchange misbehaves in every way, the others go on as if nothing were."""
    bad = cast.hostile

    def phase(seconds: float, *faults: Fault, junk: float = 20.0) -> Phase:
        return Phase(
            seconds=seconds,
            rate=15,
            faults=faults,
            duplicates=0.05,
            hostile=bad,
            junk=junk,
            bad_rows=0.2,
        )

    yield phase(5)
    while True:
        acts = [
            [phase(3, Fault(bad, "flood", 3.0)), phase(5)],
            [phase(5, Fault(bad, "garble", 4.0))],
            [phase(5, Fault(bad, "flap", 5.0))],
            [phase(6, Fault(bad, "stall", 5.0)), phase(3)],
            [phase(5, Fault(bad, "refuse_subscriptions", 3.0), Fault(bad, "close"))],
            [phase(4, Fault(bad, "oversized"))],
            [phase(4, Fault(bad, "not_utf8"))],
        ]
        rng.shuffle(acts)
        for act in acts:
            yield from act


SCRIPTS: dict[str, Script] = {
    "calm": _calm,
    "busy": _busy,
    "cascade": _cascade,
    "outage": _outage,
    "hostile": _hostile,
}
SCENARIOS: tuple[str, ...] = tuple(SCRIPTS)
