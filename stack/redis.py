"""A redis-server."""

from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from stack.programs import program
from stack.service import HOST, Service


class RedisServer(Service):
    """Redis with a folder of its own, without persistence unless the options ask for it."""

    name = "redis"

    def __init__(self, folder: Path, port: int, *options: str | int | Path, password: str = "") -> None:
        super().__init__(folder, port)
        self.options = options
        self._password = password

    @property
    def address(self) -> str:
        """The address of its first database, without the password."""
        return f"redis://{HOST}:{self.port}/0"

    @property
    def url(self) -> str:
        """The same, with the password."""
        return f"redis://:{self._password}@{HOST}:{self.port}/0" if self._password else self.address

    def command(self) -> list[str | Path | int]:
        """Return the command line; the password comes through stdin."""
        words: list[str | Path | int] = [program("redis-server"), "--port", self.port]
        words += ["--dir", self.folder, "--bind", HOST, "--save", "", *self.options]
        return [*words, "-"] if self._password else words

    def input(self) -> bytes:
        """Return the setting that nobody else should see."""
        return f"requirepass {self._password}\n".encode() if self._password else b""

    def answers(self) -> bool:
        """Tell whether it accepts commands, if only to ask for a password or for patience while it loads."""
        try:
            with self.client() as client:
                client.ping()
        except (redis.exceptions.AuthenticationError, redis.exceptions.BusyLoadingError):
            return True
        except redis.exceptions.ConnectionError:
            return False
        return True

    def client(self, **options: Any) -> redis.Redis:  # noqa: ANN401 - the options of the library's client
        """Return a client that tries once."""
        never = Retry(NoBackoff(), 0)
        password = self._password or None
        return redis.Redis(port=self.port, password=password, decode_responses=True, retry=never, **options)
