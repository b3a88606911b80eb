"""Markets that play what tests and benchmarks of alerts need: `python -m tests.system.market NAME ENDPOINTS`.

They are the simulated exchanges with another script. ENDPOINTS is the file for the configuration of an exporter.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path

from exporter.commands.simulate import announce
from exporter.simulator import scenarios, serve
from exporter.simulator.scenarios import Fault, Phase, Surge

FIRST = ("SUI", "HYPE", "ADA", "LINK", "AVAX", "LTC", "WIF", "SHIB", "BONK", "AAVE", "NEAR", "DOT")
SECOND = ("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB", "PEPE", "TRX", "ARB")
"""Coins of two storms: longs of the first, shorts of the second."""
HOUR_S = 3600.0


def storms(_rng, _cast):
    """Two storms of many coins each, and nothing else for an hour."""
    yield Phase(seconds=8, rate=2.0)
    yield Phase(seconds=25, rate=2.0, surge=Surge("long", 120.0, -0.0005, FIRST, scale=8.0))
    yield Phase(seconds=6, rate=2.0)
    yield Phase(seconds=25, rate=2.0, surge=Surge("short", 120.0, 0.0005, SECOND, scale=8.0))
    yield Phase(seconds=HOUR_S, rate=2.0)


def one(_rng, _cast):
    """A cascade of one coin that grows, and nothing else for an hour."""
    yield Phase(seconds=8, rate=2.0)
    yield Phase(seconds=20, rate=2.0, surge=Surge("long", 12.0, -0.0005, ("AVAX",), scale=8.0))
    yield Phase(seconds=15, rate=2.0, surge=Surge("long", 30.0, -0.001, ("AVAX",), scale=12.0))
    yield Phase(seconds=HOUR_S, rate=2.0)


def cut(_rng, cast):
    """Each exchange in turn goes away for longer than a hasty FeedDown waits, then nothing for an hour."""
    yield Phase(seconds=15, rate=2.0)
    for exchange in cast.exchanges:
        yield Phase(seconds=100, rate=2.0, faults=(Fault(exchange, "offline", 50.0),))
    yield Phase(seconds=HOUR_S, rate=2.0)


SCRIPTS = {"storms": storms, "one": one, "cut": cut}

if __name__ == "__main__":
    name, endpoints = sys.argv[1:]
    scenarios.SCRIPTS["cascade"] = SCRIPTS[name]  # in the place of the one that people know under this name
    told = partial(announce, file=Path(endpoints))
    asyncio.run(serve("cascade", 1, None, None, 0, told, with_parent=True))
