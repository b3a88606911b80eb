"""`simulate`: the simulated exchanges alone, for an exporter that runs elsewhere."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import yaml

from exporter.config import Config
from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.logs import set_up
from exporter.simulator import serve

Endpoints = dict[str, dict[str, dict[str, str]]]


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Serve until the duration is over or a signal comes, and write the truth."""
    config = load()
    set_up(config.log.level, config.log.format)
    if options.past:
        from exporter.demo import begin_with_past  # noqa: PLC0415 - it imports the exporter, the exchanges do without

        begin_with_past(config.data.dir, options.seed)
    run = serve(
        options.scenario,
        options.seed,
        options.duration,
        options.truth,
        options.port,
        partial(announce, file=options.endpoints),
        host=options.host,
        rate=options.rate,
        with_parent=options.with_parent,
    )
    try:
        asyncio.run(run)
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        raise UserError(
            f"{what}{error.strerror or error}; choose another --port, --host, --endpoints or --truth"
        ) from None
    return 0


def announce(answer: Endpoints, file: Path | None = None) -> None:
    """Tell the addresses: as a JSON line to programs, as configuration to people, and to an exporter in a file."""
    if file:
        file.write_text(configuration(answer["endpoints"]), encoding="utf-8")
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()
    text = configuration(answer["endpoints"])
    sys.stderr.write(f"Simulated exchanges are up. An exporter with this in its configuration listens to them:\n{text}")


def configuration(endpoints: dict[str, dict[str, str]]) -> str:
    """Return the configuration of an exporter that listens to the simulated exchanges, and to no others."""
    section: dict[str, dict[str, object]] = {name: {"endpoints": addresses} for name, addresses in endpoints.items()}
    section |= {name: {"enabled": False} for name in REGISTRY if name not in endpoints}
    return yaml.safe_dump({"exchanges": section}, sort_keys=False)
