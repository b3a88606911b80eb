"""`python -m tests.chaos --seed 1`: kill, cut and fill everything for some minutes, and see that nothing was lost."""

import argparse
import sys
import tempfile
from pathlib import Path
from random import Random

from exporter.errors import UserError
from tests.chaos import play


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="another course of events (default: 1)")
    parser.add_argument("--kills", type=int, default=30, help="how often something is killed with -9 (default: 30)")
    parser.add_argument("--seconds", type=float, default=180.0, help="how long it goes on (default: 180)")
    parser.add_argument("--redis", choices=("aof", "none"), help="its persistence; otherwise the seed decides")
    parser.add_argument("--database", choices=("timescale", "plain"), help="TimescaleDB where it is installed")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave journal, logs and truth there")
    options = parser.parse_args()
    persistence = options.redis or Random(options.seed).choice(("aof", "none"))
    if options.keep:
        options.keep.mkdir(parents=True)
        return run(options, persistence, options.keep)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        return run(options, persistence, Path(folder))


def run(options, persistence, folder):
    problems = play(
        folder,
        seed=options.seed,
        kills=options.kills,
        seconds=options.seconds,
        persistence=persistence,
        database=options.database,
        say=lambda line: print(line, flush=True),  # noqa: T201 - it is a command
    )
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:  # a program that is missing; it says which
        sys.exit(f"error: {error}")
