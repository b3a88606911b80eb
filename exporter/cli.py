"""The command line: the tree of commands and flags, and what becomes of errors."""

import errno
import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import NoReturn, Protocol, TextIO, cast

from exporter import __version__, flags
from exporter.config import Config, dump, load
from exporter.errors import UserError
from exporter.exchanges import ARCHIVES, REGISTRY
from exporter.model import SIDES
from exporter.stats import WINDOWS

PROGRAM = "python -m exporter"
CONFIG_FILE = Path("config.yaml")
SETTINGS = ("data.dir", "web.listen_address", "web.config_file", "log.level", "log.format")
"""The configuration keys that have a flag of their own."""
SCENARIOS = ("calm", "busy", "cascade", "outage", "hostile")
"""The simulator's own list, repeated because importing the simulator would slow every command down."""

BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 2, 130, 141


class Command(Protocol):
    """A module of `exporter.commands`."""

    def execute(self, options: Namespace, load: Callable[[], Config]) -> int:
        """Do it; returns the exit status."""


class Parser(ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise what `main` prints."""
        raise UserError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 2 for bad input, which is told in one line on stderr."""
    try:
        status = dispatch(parser().parse_args(arguments))
        sys.stdout.flush()
    except UserError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return PIPE_CLOSED
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return _refuse(f"{error.filename or 'stdout'}: {error.strerror}")
    finally:
        _settle(sys.stdout)
    return status


def _refuse(message: str) -> int:
    sys.stderr.write(f"error: {' '.join(message.split())}\n")
    return BAD_INPUT


def _settle(stream: TextIO) -> None:
    """Drop what a closed pipe or a full disk did not take, so that the interpreter does not try again at its end."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def dispatch(options: Namespace) -> int:
    """Run the chosen command, or check its configuration only."""
    read = partial(configuration, options)
    if getattr(options, "config.check", False):
        sys.stdout.write(_checked(read()))
        return 0
    command = cast("Command", import_module(f"exporter.commands.{options.command}"))
    return command.execute(options, read)


def _checked(config: Config) -> str:
    """Read what the configuration names, too, and return it as text."""
    from exporter.webfile import read  # noqa: PLC0415 - TLS and YAML that no other command needs

    notes = read(Path(config.web.config_file)).notes if config.web.config_file else []
    return dump(config) + "".join(f"note: {note}\n" for note in notes) + "ok\n"


def configuration(options: Namespace) -> Config:
    """Read the configuration that the flags choose; raises `ConfigError`."""
    path: Path | None = getattr(options, "config.file", None)
    if path is None and CONFIG_FILE.exists():
        path = CONFIG_FILE
    given = {key: getattr(options, key) for key in SETTINGS if hasattr(options, key)}
    return load(path, os.environ, given)


def parser() -> Parser:
    """Build the tree. Without a command it is `run`."""
    shared = _shared()
    root = Parser(
        prog=PROGRAM,
        description="Prometheus exporter for crypto liquidations.",
        epilog="Without a command it runs the exporter. Each command has its own --help.",
        parents=[shared],
        allow_abbrev=False,
    )
    root.add_argument("--version", action="version", version=f"liquidation-exporter {__version__}")
    root.set_defaults(command="run")
    commands = root.add_subparsers(metavar="COMMAND", title="commands")

    def add(name: str, text: str, *, configured: bool = True, epilog: str | None = None) -> Parser:
        command = commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=epilog,
            parents=[shared] if configured else [],
            allow_abbrev=False,
            formatter_class=RawDescriptionHelpFormatter,
        )
        command.set_defaults(command=name)
        return command

    add("run", "run the exporter until it is stopped")
    _demo(add("demo", "run the exporter against simulated exchanges, without a network, in a temporary folder"))
    _simulate(add("simulate", "run the simulated exchanges alone"))
    _stats(add("stats", "show the figures of the running exporter"))
    _events(add("events", "show the newest liquidations"))
    _exchanges(add("exchanges", "show what the exchanges' feeds can do and how they are doing"))
    _answer(add("check", "prove that journal, stores and metrics show the same figures", epilog=_CHECK))
    _backfill(add("backfill", "ask an exchange for liquidations of the past", epilog=_BACKFILL))
    _replay(add("replay", "take event files or journal dumps as the exporter would", epilog=_REPLAY))
    _decode(add("decode", "turn raw frames of an exchange into events", configured=False, epilog=_DECODE))
    _export(add("export", "write the journal as JSON lines, also while the exporter runs"))
    _backup(add("backup", "save journal, database and configuration in one file, also while the exporter runs"))
    _restore(add("restore", "put a backup back, on an empty machine or over what is there", epilog=_RESTORE))
    return root


_REPLAY = """\
An event file has one event a line, as `export`, `decode` and `events --json` write them, sorted by time_ms; a dump is
what `export --format journal` writes. Events that several files hold count once. With --json the answer is one object
{"stats": ..., "episodes": [...], "levels": [...]}, where base * is the market as a whole. The cascade detector takes a
dump exactly as it took the records when they came; in an event file every exchange counts as up from its first event.
To tune it on a history of your own, try other --parameters.
"""
_CHECK = """\
Everything is compared with the journal in the data folder, per exchange, coin and side, as of the record that each
source has reached: events exactly, amounts to 1e-9 of their size. It only reads, also while the exporter runs. The exit
status is 1 when something differs or cannot be read; a store that is not configured, and an exporter that is not
running, are left out.
"""
_BACKFILL = """\
A running exporter is asked to do it; without one it is done on the data folder, and the figures follow at the next
start. What is known already counts once. It asks at the exchange's pace, the main coins first, and can take long: what
was found stays when it is interrupted. The exit status is 1 when calls came to nothing.
"""
_DECODE = """\
Frames are text, one a line. Without --instruments the coin and the size in USD stay null. Frames that cannot be read
are reported on stderr with their line's number, and the exit status is 1.
"""


_RESTORE = """\
Every checksum is compared before anything is touched. The exporter must not run; a journal, or a database that is not
empty, is replaced with --force only. TimescaleDB is restored by a superuser: name one in LIQ_STORES_TIMESCALE_URL, for
this command. Redis is filled by the exporter itself when it starts.
"""


def _shared() -> Parser:
    """Return the flags that choose and override the configuration; SUPPRESS lets them stand on either side of it."""
    shared = Parser(add_help=False, argument_default=SUPPRESS, allow_abbrev=False)
    group = shared.add_argument_group("configuration")
    group.add_argument(
        "--config.file", dest="config.file", type=Path, metavar="FILE", help=f"default: {CONFIG_FILE}, if there is one"
    )
    group.add_argument(
        "--config.check",
        dest="config.check",
        action="store_true",
        help="print the configuration in force, without secrets, and exit",
    )
    group.add_argument("--data.dir", dest="data.dir", metavar="FOLDER", help="where the exporter keeps its files")
    group.add_argument(
        "--web.listen-address", dest="web.listen_address", metavar="HOST:PORT", help="where metrics and API are served"
    )
    group.add_argument(
        "--web.config.file", dest="web.config_file", metavar="FILE", help="TLS and users, as docs/security.md tells"
    )
    group.add_argument("--log.level", dest="log.level", choices=("debug", "info", "warn", "error"))
    group.add_argument("--log.format", dest="log.format", choices=("logfmt", "json"))
    return shared


def _demo(command: Parser) -> None:
    command.add_argument("--scenario", choices=SCENARIOS, default="cascade", help="what happens (default: cascade)")
    command.add_argument("--seed", type=flags.whole, default=1, metavar="N", help="another story of it (default: 1)")
    command.add_argument("--duration", type=flags.positive, metavar="SECONDS", help="end after this time")
    command.add_argument(
        "--truth", type=flags.output, metavar="FILE", help="write every event that was sent, as JSON lines"
    )


def _simulate(command: Parser) -> None:
    _demo(command)
    command.add_argument("--port", type=flags.port, default=0, help="the first exchange's; the others follow")
    command.add_argument("--host", default="127.0.0.1", help="the name or address of this machine to listen on")
    command.add_argument(
        "--endpoints", type=flags.output, metavar="FILE", help="write the configuration of an exporter that listens"
    )
    command.add_argument(
        "--past", action="store_true", help="put a simulated day into the data folder first, if it has no journal"
    )
    command.add_argument("--rate", type=flags.positive, help="a steady number of liquidations a second instead")
    command.add_argument("--with-parent", action="store_true", help="end when the program that started it ends")


def _stats(command: Parser) -> None:
    command.add_argument("--base", metavar="COIN", help="one coin, as BTC or BTCUSDT; all of them otherwise")
    command.add_argument("--window", type=flags.window, metavar="|".join(WINDOWS), help="all time otherwise")
    command.add_argument("--watch", action="store_true", help="refresh every second")
    _answer(command)


def _events(command: Parser) -> None:
    command.add_argument("--follow", action="store_true", help="go on with every new one")
    command.add_argument("--limit", type=flags.limit, default=20, metavar="N", help="how many (default: 20)")
    command.add_argument("--base", metavar="COIN", help="of one coin, as BTC or BTCUSDT")
    command.add_argument("--side", choices=SIDES, help="of longs or shorts")
    command.add_argument("--exchange", choices=REGISTRY)
    command.add_argument("--min-usd", type=flags.amount, metavar="USD", help="from this size up, as 250000 or 250k")
    _answer(command)


def _exchanges(command: Parser) -> None:
    _answer(command)


def _answer(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON instead of tables")
    command.add_argument("--url", metavar="URL", help="the running exporter's address; also LIQ_URL")
    command.add_argument(
        "--http.config.file",
        dest="http_config_file",
        metavar="FILE",
        help="user, password and TLS for it, as in a scrape job of Prometheus; also LIQ_HTTP_CONFIG_FILE",
    )


def _backfill(command: Parser) -> None:
    command.add_argument("--exchange", choices=REGISTRY, required=True)
    command.add_argument(
        "--since", type=flags.instant, metavar="T", required=True, help="an ISO time, or how long ago, as 2h"
    )
    command.add_argument("--until", type=flags.instant, metavar="T", help="the same; not included (default: now)")
    _answer(command)


def _replay(command: Parser) -> None:
    command.add_argument("files", nargs="+", metavar="FILE", help="event file or journal dump; - is stdin")
    command.add_argument("--base", metavar="COIN", help="one coin, as BTC or BTCUSDT; all of them otherwise")
    command.add_argument(
        "--parameters",
        type=Path,
        metavar="FILE",
        help="a file with the keys that `signals` has in config.yaml",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def _decode(command: Parser) -> None:
    command.add_argument("--exchange", choices=[*REGISTRY, *ARCHIVES], required=True)
    command.add_argument(
        "--instruments", type=Path, metavar="FILE", help="the exporter's cache, or a saved answer of the exchange"
    )


def _export(command: Parser) -> None:
    command.add_argument("--format", choices=("events", "journal"), default="events", help="default: events")
    command.add_argument("--since", type=flags.instant, metavar="T", help="an ISO time, or how long ago, as 2h")
    command.add_argument("--until", type=flags.instant, metavar="T", help="the same; not included")
    command.add_argument("--output", type=flags.output, metavar="FILE", help="default: stdout")


def _backup(command: Parser) -> None:
    command.add_argument(
        "--output",
        type=flags.output_or_pipe,
        metavar="FILE",
        help="default: liquidations-TIME.tar here; - is stdout",
    )
    _kept(command, "replace the file if there is one")


def _restore(command: Parser) -> None:
    command.add_argument("file", type=Path, metavar="FILE", help="what `backup` has written; - is stdin")
    _kept(command, "replace the journal and the database that are there")


def _kept(command: Parser, force: str) -> None:
    command.add_argument("--journal-only", action="store_true", help="leave the database out")
    command.add_argument("--force", action="store_true", help=force)
