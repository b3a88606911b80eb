"""What all programs of the stack share: a folder, a port, a log, and a life that ends by process id."""

import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import ClassVar, Self

from exporter.errors import UserError
from stack.accounts import Account
from stack.programs import environment

PATIENCE_S = 60.0
HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below those that systems give to outgoing connections, which would take one before its program has started."""
_given: set[int] = set()


class Service(ABC):
    """A program on a port of this machine, with a folder of its own.

    `start` returns once it answers and raises `UserError` when it does not; `stop` returns once it has ended.
    """

    name: ClassVar[str]
    ending: ClassVar[signal.Signals] = signal.SIGTERM
    """The signal that asks it to end."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where people find it."""
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """Its process id; 0 before the first start."""
        return self._process.pid if self._process else 0

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs, and before the first start."""
        return self._process.poll() if self._process else None

    @abstractmethod
    def command(self) -> Sequence[str | Path | int]:
        """Return the command line."""

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether it does its work; never raises because it does not yet."""

    def environment(self) -> Mapping[str, str]:
        """Return its environment."""
        return environment()

    def account(self) -> Account:
        """Return the user it runs as; empty for ours."""
        return {}

    def input(self) -> bytes:
        """Return what it reads from stdin: secrets that neither a command line nor a file should show."""
        return b""

    def start(self, stop: Event | None = None) -> Self:
        """Start it and wait until it answers, or until `stop` is set."""
        self.launch(self.command())
        end = time.monotonic() + PATIENCE_S
        while not (self.answers() or (stop and stop.is_set())):
            if self.status is not None or time.monotonic() > end:
                raise UserError(f"{self.name} does not answer; the end of its log {self.log}:\n{self.tail()}")
            time.sleep(0.02)
        return self

    def launch(self, command: Sequence[str | Path | int]) -> None:
        """Start a command line as this service, without waiting for an answer."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=dict(self.environment()),
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C is for the one who started it, and who ends it when its turn comes
                **self.account(),
            )
        assert self._process.stdin  # noqa: S101 - tells the type checker that there is a pipe
        with suppress(BrokenPipeError), self._process.stdin as pipe:  # it may have ended already
            pipe.write(self.input())

    def stop(self) -> None:
        """Ask it to end, and end it when it does not within a minute."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(self.ending)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(errors="replace")[-4000:]


def responds(url: str) -> bool:
    """Tell whether an address answers with a 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - always an address of this machine
            return True
    except (OSError, urllib.error.URLError):
        return False


def free_port(preferred: int = 0) -> int:
    """Return the preferred port if it is free, another one otherwise: of `PORTS`, each once."""
    while not (preferred and _is_free(preferred)):
        preferred = secrets.choice(PORTS)
        if preferred in _given:
            preferred = 0
    _given.add(preferred)
    return preferred


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
