"""Many clients that never get to the end of a request, kept up by one thread."""

import selectors
import socket
import threading
import time
from contextlib import suppress

ADDRESSES = 16
"""So many addresses of this machine they come from."""
EVERY_S = 1.0
TICKS = 50
"""Their bytes are spread over the second."""
HEAD = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: "


class Slow:
    """`number` connections to a port that each send a byte a second; those that are cut are opened again."""

    def __init__(self, port: int, number: int) -> None:
        self.opened = 0
        self.cut = 0
        self._port = port
        self._number = number
        self._selector = selectors.DefaultSelector()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @property
    def open(self) -> int:
        """How many are connected, as far as they know."""
        return self.opened - self.cut

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _run(self) -> None:
        due, tick = time.monotonic(), 0
        while not self._stop.is_set():
            while self.open < self._number and not self._stop.is_set():
                self._connect()
            for key, _ in self._selector.select(EVERY_S / TICKS):
                self._end(key.fileobj)
            if time.monotonic() >= due:
                due, tick = due + EVERY_S / TICKS, tick + 1
                for key in list(self._selector.get_map().values())[tick % TICKS :: TICKS]:
                    self._dribble(key.fileobj)

    def _connect(self) -> None:
        connection = socket.socket()
        connection.bind((f"127.0.0.{2 + self.opened % ADDRESSES}", 0))
        self.opened += 1
        try:
            connection.settimeout(5)
            connection.connect(("127.0.0.1", self._port))
            connection.setblocking(False)
            connection.send(HEAD)
        except OSError:
            self.cut += 1
            connection.close()
            return
        self._selector.register(connection, selectors.EVENT_READ)

    def _dribble(self, connection: socket.socket) -> None:
        try:
            connection.send(b"x")
        except OSError:
            self._end(connection)

    def _end(self, connection: socket.socket) -> None:
        with suppress(KeyError):
            self._selector.unregister(connection)
            self.cut += 1
        connection.close()
