"""`python -m stack`: the whole stack on this machine, without containers, until Ctrl-C."""

import signal
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from contextlib import ExitStack
from pathlib import Path
from threading import Event

from rich import box
from rich.console import Console
from rich.table import Table

from exporter import flags
from exporter.cli import SCENARIOS
from exporter.errors import UserError
from exporter.tables.console import console
from stack.whole import Plan, Stack

WATCH_S = 1.0
CONTENTS = {
    "postgres": "database liquidations; user grafana may only read",
    "redis": "totals, levels, newest events",
    "simulator": "simulated exchanges",
    "exporter": "overview page, /api/v1, /metrics",
    "alertmanager": "alerts that fire, silences",
    "prometheus": "queries, targets, rules",
    "grafana": "boards; user admin",
}
"""What somebody finds at each address."""


def main() -> int:
    """Run the stack; returns 0 after Ctrl-C or SIGTERM, 2 when it cannot start."""
    options = _parser().parse_args()
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        with ExitStack() as exits:
            _run(_plan(options, exits), stop, console())
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m stack", description=__doc__, allow_abbrev=False)
    parser.add_argument("--live", action="store_true", help="listen to the live exchanges, not to simulated ones")
    parser.add_argument("--scenario", choices=SCENARIOS, default="cascade", help="what is simulated (default: cascade)")
    parser.add_argument("--seed", type=flags.whole, default=1, metavar="N", help="another story of it (default: 1)")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="keep everything there; otherwise it is removed")
    return parser


def _plan(options: Namespace, exits: ExitStack) -> Plan:
    """Choose the folder: live and simulated figures never share one."""
    kind = "live" if options.live else "demo"
    if options.data:
        folder = (options.data / kind).absolute()
    else:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="liquidation-stack-")))
        folder.chmod(0o711)  # PostgreSQL runs as another user when we are root, and has to reach its own folder in it
    scenario = None if options.live else options.scenario
    return Plan(folder, scenario, options.seed, durable=options.data is not None)


def _run(plan: Plan, stop: Event, output: Console) -> None:
    output.print("starting; programs that are missing are fetched once")
    stack = Stack(plan)
    try:
        stack.start(stop)
        if not stop.is_set():
            output.print(_addresses(stack), *stack.remarks, _places(plan), "Ctrl-C stops everything.", sep="\n")
        while not stop.wait(WATCH_S):
            for service in stack.ended():
                output.print(f"{service.name} has ended with status {service.status}; its log: {service.log}")
            if stack.grafana:
                stack.grafana.refresh()
    finally:
        output.print("stopping")
        stack.stop()
        output.print("stopped")


def _addresses(stack: Stack) -> Table:
    table = Table(box=box.SIMPLE)
    for column in ("", "address", "process", "what is there"):
        table.add_column(column)
    for service in reversed(stack.services):
        table.add_row(service.name, service.address, str(service.pid), CONTENTS[service.name])
    return table


def _places(plan: Plan) -> str:
    removed = "" if plan.durable else " It is removed at the end; to keep it: make stack DATA=folder."
    return f"Data and logs are in {plan.folder}, passwords in its passwords.json.{removed}"


if __name__ == "__main__":
    sys.exit(main())
