"""`demo`: the exporter against simulated exchanges."""

import asyncio
from argparse import Namespace
from collections.abc import Callable

from exporter.config import Config
from exporter.logs import set_up


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Run the scenario; a finite one ends with the comparison to the truth and 1 when they differ."""
    config = load()
    set_up(config.log.level, config.log.format)
    from exporter.demo import demo  # noqa: PLC0415 - a bad configuration is told before the server is imported

    return asyncio.run(
        demo(
            config,
            scenario=options.scenario,
            seed=options.seed,
            duration=options.duration,
            truth=options.truth,
        )
    )
