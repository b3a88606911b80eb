"""`simulate`: the simulated exchanges alone, for an exporter that runs elsewhere."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import Callable

import msgspec
import yaml

from exporter.config import Config
from exporter.errors import UserError
from exporter.logs import set_up
from exporter.simulator import serve

Endpoints = dict[str, dict[str, dict[str, str]]]


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Serve until the duration is over or a signal comes, and write the truth."""
    config = load()
    set_up(config.log.level, config.log.format)
    run = serve(
        options.scenario,
        options.seed,
        options.duration,
        options.truth,
        options.port,
        announce,
        rate=options.rate,
        with_parent=options.with_parent,
    )
    try:
        asyncio.run(run)
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        raise UserError(f"{what}{error.strerror or error}; choose another --port or --truth") from None
    return 0


def announce(answer: Endpoints) -> None:
    """Tell the addresses: as a JSON line to programs, as configuration to people."""
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()
    section = {name: {"endpoints": addresses} for name, addresses in answer["endpoints"].items()}
    text = yaml.safe_dump({"exchanges": section}, sort_keys=False)
    sys.stderr.write(f"Simulated exchanges are up. An exporter with this in its configuration listens to them:\n{text}")
