"""`python -m exporter.healthy`: whether the exporter of this machine answers, as its exit status; for containers.

It asks the socket in the data folder, which is there when the exporter has a web file and wants a password of all
others, or else the port. Where these are it takes from the environment alone, which costs less than a configuration.
"""

import http.client
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

TIMEOUT_S = 4.0
SOCKET_FILE = "web.sock"
PATH = "/-/healthy"


class Inside(http.client.HTTPConnection):
    """A connection to a local socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(str(self._path))


def main() -> int:
    """Return 0 when it answers, 1 when not."""
    host, _, port = os.environ.get("LIQ_WEB_LISTEN_ADDRESS", ":10110").rpartition(":")
    at = host.strip("[]") if host not in ("", "0.0.0.0", "[::]") else "127.0.0.1"  # noqa: S104 - a comparison
    inside = Inside(Path(os.environ.get("LIQ_DATA_DIR", "data")) / SOCKET_FILE)
    return 0 if answers(inside) or answers(http.client.HTTPConnection(at, int(port), timeout=TIMEOUT_S)) else 1


def answers(connection: http.client.HTTPConnection) -> bool:
    """Tell whether the exporter at the other end is healthy."""
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", PATH)
        return connection.getresponse().status == 200
    return False


if __name__ == "__main__":
    sys.exit(main())
