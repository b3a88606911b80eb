"""From the exporter's level of a coin to the boards that show it, in two simulated storms, all of it real.

Simulated exchanges, exporter and Prometheus run as they are shipped. When a coin rose to warning is the exporter's own
account of its episodes; a board shows it from the first scrape on in which its panels' queries find warning or more.
What a browser adds is the refresh of the board.
"""

import tempfile
import time
from pathlib import Path

from benchmarks.report import Progress, Row, at_least, at_most, info
from tests.boards.committed import BOARDS
from tests.boards.frames import Moment
from tests.boards.prometheus_api import Api
from tests.system.alarm import Alarm
from tests.system.processes import until
from tests.system.sight import Sight

WARNING = 2
STORMS_S = 85.0
LEAST = 9
"""Fewer coins would say little; the storms have 23, of which some may rise before the first scrape."""
GOAL_S = 10.0
STEP_S = 0.25
LONGEST_S = 30.0
LIVE = ("overview", "cascades", "coin", "quick")


def run(progress: Progress) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, Alarm(Path(name), "storms") as alarm:
        api = Api(alarm.prometheus.address)
        until(lambda: api.instant("liquidation_cascade_level", time.time()), "the first scrape")
        begin = time.time()
        alarm.market.go_on()
        progress(f"the storms take {STORMS_S:.0f} s")
        time.sleep(STORMS_S)
        opened = {coin: at for coin, at in _opened(alarm).items() if at > begin}
        progress("looking for each coin")
        delays = [_delay(api, *coin, at) for coin, at in opened.items()]
    refresh = max(float(BOARDS[name].json["refresh"].removesuffix("s")) for name in LIVE)
    return [
        at_least("coins that rose to warning", "", [len(opened)], LEAST),
        info("from its level to its board's queries, median", "s", delays),
        info("the slowest", "s", [max(delays)]),
        at_most("with the refresh of the slowest board", "s", [max(delays) + refresh], GOAL_S),
    ]


def _opened(alarm: Alarm) -> dict[tuple[str, str], float]:
    """When each coin and side rose to warning."""
    episodes = alarm.json(alarm.exporter, "/api/v1/cascades")["episodes"]
    return {(each["base"], each["side"]): each["opened_ms"] / 1000 for each in episodes if each["base"] != "*"}


def _delay(api: Api, base: str, side: str, opened: float) -> float:
    """Return after how many seconds the coin's board shows the level, by the time of the scrape."""
    for step in range(int(LONGEST_S / STEP_S)):
        if Sight(base, Moment(api, opened + step * STEP_S)).coin(side).level >= WARNING:
            return step * STEP_S
    raise RuntimeError(f"{base} {side}s were never on their board")
