"""From the liquidation that makes a cascade critical to the webhook of a person, all of it real and on one machine.

Simulated exchanges play two storms: longs of fourteen coins, then shorts of nine others. Exporter, Prometheus and
Alertmanager run as they are shipped; only the inhibition of single coins during a market-wide cascade is taken out, or
there would be three messages instead of two dozen. An event's time is the one that the exchange gives it. When it made
its coin critical is read from a replay of the journal. The storms are played twice: for the rules, and for the fast
path with Prometheus beside it.
"""

import tempfile
import time
from pathlib import Path

from msgspec.structs import replace

from benchmarks.report import Progress, Row, at_least, at_most, info
from tests.system.alarm import FAST, RULES, Alarm
from tests.system.market import FIRST, SECOND
from tests.system.processes import until

COINS = (*((base, "long") for base in FIRST), *((base, "short") for base in SECOND))
STORMS_S = 85.0
CASCADES = 20


def run(progress: Progress) -> list[Row]:
    return [*measured(progress, "rules", RULES), *measured(progress, "fast path", FAST)]


def measured(progress: Progress, name: str, way: str) -> list[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Alarm(Path(folder), "storms", ways=(way,), inhibit=False) as alarm,
    ):
        progress(f"{name}: the storms take {STORMS_S:.0f} s")
        begin_ms = time.time_ns() // 1_000_000
        alarm.market.go_on()
        receiver = alarm.receivers[way]
        until(lambda: receiver.of("traders"), "the first message")
        time.sleep(max(0.0, STORMS_S - (time.time() - begin_ms / 1000)))
        progress(f"{name}: when each coin became critical, from a replay")
        critical = {key: ms for key, ms in alarm.critical_ms().items() if ms >= begin_ms and key in COINS}
        notes = [note for note in receiver.notes if note.receiver == "traders"]
    first: dict[tuple[str, str], float] = {}
    for note in notes:
        first.setdefault(note.alert[1:], note.time_s)
    delays = sorted(first[key] - ms / 1000 for key, ms in critical.items() if key in first)
    twice = len(notes) - len({note.alert for note in notes})
    p95 = delays[round(0.95 * (len(delays) - 1))]
    goals = (8.0, 12.0) if way == RULES else (1.0, 1.5)
    return [
        at_least(f"{name}: cascades that became critical", "", [len(critical)], CASCADES),
        at_most(f"{name}: of these not told, or told twice", "", [len(critical) - len(delays) + twice], 0),
        at_most(f"{name}: event to webhook, median", "s", delays, goals[0]),
        replace(at_most(f"{name}: event to webhook, p95", "s", delays, goals[1]), figure=p95),
        info(f"{name}: the slowest", "s", [delays[-1]]),
    ]
