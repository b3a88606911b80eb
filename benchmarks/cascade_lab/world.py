"""What a simulated market is made of: one coin for eight days, its exchanges, and everything that may be shifted."""

from random import Random
from typing import Literal

import msgspec

DAY = 86_400.0
WARM_UP = DAY
"""Seconds at the start that teach the baselines and are not judged."""
WEEK = 7 * DAY
LENGTH = WARM_UP + WEEK

Delivery = Literal["full", "batch", "sampled"]
"""All orders at once; all of them, in batches; the last one of each second."""


class Tier(msgspec.Struct, frozen=True):
    """A class of coins: true orders a day over all exchanges."""

    name: str
    events_per_day: float


TIERS = (
    Tier("major", 6000.0),
    Tier("mid", 1500.0),
    Tier("small", 300.0),
    Tier("micro", 60.0),
)


class Venue(msgspec.Struct, frozen=True):
    """An exchange: its share of the true flow and what its feed lets through."""

    name: str
    share: float
    delivery: Delivery


class World(msgspec.Struct, frozen=True):
    """The numbers behind a stream; each shift changes one of them.

    `branching` is the mean number of orders that one order sets off, `kernel` the mean delays of its fast and its slow
    part in seconds, `sampled_share` (when given) the share of the flow on feeds of one order a second.
    """

    tier: Tier
    venues: int
    branching: float = 0.70
    kernel: tuple[float, float] = (0.3, 15.0)
    size_sigma: float = 2.1
    size_factor: float = 1.0
    sampled_share: float | None = None
    leader_lost: bool = False


SHIFTS: dict[str, dict[str, object]] = {
    "branching .50": {"branching": 0.50},
    "branching .80": {"branching": 0.80},
    "size sigma 1.6": {"size_sigma": 1.6},
    "kernel 3 x slower": {"kernel": (0.9, 45.0)},
    "80 % on sampled feeds": {"sampled_share": 0.80},
    "all sizes x 5": {"size_factor": 5.0},
    "12 exchanges": {"venues": 12},
    "3 exchanges": {"venues": 3},
    "largest full feed lost": {"leader_lost": True},
}
"""Six changes of the market that the fit has never seen, the two ends of what it has, and the worst outage."""
INFORMATION = ("3 exchanges", "largest full feed lost")
"""The shifts without a target."""

LEADERS = (Venue("v01", 0.45, "sampled"), Venue("v02", 0.35, "batch"), Venue("v03", 0.20, "sampled"))
TAIL = 0.7
"""Each further exchange is this much smaller than the one before; feeds take turns to be full and sampled."""


def world_of(seed: int, shift: str = "") -> World:
    """Return the world of a seed: tiers take turns, 3 to 12 exchanges."""
    world = World(tier=TIERS[seed % len(TIERS)], venues=Random(f"venues {seed}").randint(3, 12))
    return msgspec.structs.replace(world, **SHIFTS[shift]) if shift else world


def venues_of(world: World) -> tuple[Venue, ...]:
    """Return the exchanges, whose shares add up to 1."""
    venues = list(LEADERS)
    while len(venues) < world.venues:
        delivery: Delivery = "full" if len(venues) % 2 else "sampled"
        venues.append(Venue(f"v{len(venues) + 1:02}", venues[-1].share * TAIL, delivery))
    total = sum(venue.share for venue in venues)
    sampled = sum(venue.share for venue in venues if venue.delivery == "sampled")
    if world.sampled_share is None:
        factors = (1 / total, 1 / total)
    else:
        factors = (world.sampled_share / sampled, (1 - world.sampled_share) / (total - sampled))
    return tuple(
        msgspec.structs.replace(venue, share=venue.share * factors[venue.delivery != "sampled"]) for venue in venues
    )
