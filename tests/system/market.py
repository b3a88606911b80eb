"""Markets that play what tests and benchmarks of alerts need: `python -m tests.system.market NAME ENDPOINTS`.

They are the simulated exchanges with another script, which waits where the test has to have seen something: it goes on
when the test lets the file of steps beside ENDPOINTS grow. ENDPOINTS is the file for the configuration of an exporter.
"""

import asyncio
import sys
from functools import partial
from itertools import islice, repeat
from pathlib import Path

from exporter.commands.simulate import announce
from exporter.simulator import scenarios, serve
from exporter.simulator.scenarios import Fault, Phase, Surge

FIRST = ("SUI", "HYPE", "ADA", "LINK", "AVAX", "LTC", "WIF", "SHIB", "BONK", "AAVE", "NEAR", "DOT", "1INCH", "SATS")
SECOND = ("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB", "PEPE", "TRX", "ARB")
"""Coins of two storms: longs of the first, shorts of the second."""
QUIET = Phase(seconds=1, rate=2.0)
AWAY = (("abort", 0.0), ("refuse", 3.0))
"""Faults that, repeated every second, keep an exchange away, and let it come back soon after."""
UNAVAILABLE = 503


def steps_file(endpoints):
    """The file whose size says how often the test has told the market to go on."""
    return endpoints.with_name("steps")


class Steps:
    """How far the test has let the market go."""

    def __init__(self, endpoints):
        self._file = steps_file(endpoints)

    def until(self, number, phase):
        """Repeat a phase until the test has told to go on so often."""
        while self._file.stat().st_size < number:
            yield phase


def storms(steps, _cast):
    """Two storms of many coins each, and nothing else from then on."""
    yield from steps.until(1, QUIET)
    yield Phase(seconds=25, rate=2.0, surge=Surge("long", 200.0, -0.0005, FIRST, scale=12.0))
    yield Phase(seconds=6, rate=2.0)
    yield Phase(seconds=25, rate=2.0, surge=Surge("short", 200.0, 0.0005, SECOND, scale=12.0))
    yield from repeat(QUIET)


def one(steps, _cast):
    """A cascade of one coin, until the test has seen it, but not so long that it is one of the market."""
    surge = Surge("long", 8.0, -0.0005, ("AVAX",), branching=0.0, scale=12.0)
    yield from steps.until(1, QUIET)
    yield from islice(steps.until(2, Phase(seconds=1, rate=2.0, surge=surge)), 20)
    yield from repeat(QUIET)


def cut(steps, cast):
    """Half of the exchanges goes away and comes back, then the other half, each when the test says so."""
    for number, half in enumerate((cast.exchanges[::2], cast.exchanges[1::2])):
        faults = tuple(Fault(name, kind, seconds, UNAVAILABLE) for name in half for kind, seconds in AWAY)
        yield from steps.until(2 * number + 1, QUIET)
        yield from steps.until(2 * number + 2, Phase(seconds=1, rate=2.0, faults=faults))
    yield from repeat(QUIET)


SCRIPTS = {"storms": storms, "one": one, "cut": cut}

if __name__ == "__main__":
    name, endpoints = sys.argv[1], Path(sys.argv[2])
    steps_file(endpoints).touch()
    script = partial(SCRIPTS[name], Steps(endpoints))
    scenarios.SCRIPTS["cascade"] = lambda _rng, cast: script(cast)  # in the place of the one that people know
    asyncio.run(serve("cascade", 1, None, None, 0, partial(announce, file=endpoints), with_parent=True))
