"""What happens to whom, and when, drawn from a seed."""

from dataclasses import dataclass
from random import Random

EXPORTER, REDIS, DATABASE, NETWORK = "exporter", "redis", "database", "network"
LANES = (EXPORTER, REDIS, DATABASE, NETWORK)
KILL = "kill"
SHARES = {EXPORTER: 0.4, REDIS: 0.3}
"""Of the kills; the rest are the database's."""
LONGEST_S = 5.0


@dataclass(frozen=True)
class Act:
    """After a pause of `after` seconds something is done, and undone `lasts` seconds later."""

    kind: str
    after: float
    lasts: float


Plan = dict[str, list[Act]]


def draw(seed: int, kills: int, seconds: float) -> Plan:
    """One list of acts per lane; a lane does one after the other, the lanes go on side by side."""
    rng = Random(seed)
    numbers = {lane: round(kills * share) for lane, share in SHARES.items()}
    numbers[DATABASE] = kills - sum(numbers.values())
    kinds = {
        EXPORTER: ["limit the file size"],
        REDIS: ["flush", "fill"],
        DATABASE: ["read-only"],
        NETWORK: [f"{what} {whom}" for whom in (REDIS, DATABASE) for what in _troubles(rng, kills)],
    }
    plan = {}
    for lane in LANES:
        acts = kinds[lane] + [KILL] * numbers.get(lane, 0)
        rng.shuffle(acts)
        plan[lane] = _timed(rng, acts, seconds)
    return plan


def _troubles(rng: Random, kills: int) -> list[str]:
    """Each kind once, and more of them the more kills there are."""
    kinds = ["cut", "silence", "lose answers of"]
    return kinds + rng.choices(kinds, k=kills // 15)


def _timed(rng: Random, kinds: list[str], seconds: float) -> list[Act]:
    period = seconds / len(kinds)
    acts = []
    for kind in kinds:
        lasts = rng.uniform(0.0, min(LONGEST_S, period / 2))
        acts.append(Act(kind, rng.uniform(0.3, 1.7) * (period - lasts), lasts))
    return acts
