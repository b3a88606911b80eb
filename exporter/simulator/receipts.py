"""What a client has provably received on one socket.

A frame is proven when the client answered a ping that was sent after it, because sockets keep their order. It becomes
*certain* when the socket then lived on for `SETTLING_S`: the answer comes from the client's protocol layer, and the
program behind it may be killed a moment before it has stored the frame.
"""

from collections import deque
from collections.abc import Iterable

from exporter.simulator.orders import Record

SETTLING_S = 2.0


class Receipts:
    """The records sent on one socket that are not certain yet. Times are seconds of any one clock."""

    def __init__(self) -> None:
        self._fresh: list[Record] = []
        self._pinged: deque[tuple[int, list[Record]]] = deque()
        self._answered: deque[tuple[float, list[Record]]] = deque()
        self._pings = 0
        self._pongs = 0

    @property
    def unpinged(self) -> bool:
        """Whether something was sent since the last ping."""
        return bool(self._fresh)

    @property
    def answered_all(self) -> bool:
        """Whether the newest ping was answered."""
        return self._pings == self._pongs

    def sent(self, records: Iterable[Record]) -> None:
        """Note what was put on the socket."""
        self._fresh.extend(records)

    def ping(self) -> bytes:
        """Return the payload of a ping that covers all that was sent so far."""
        self._pings += 1
        self._pinged.append((self._pings, self._fresh))
        self._fresh = []
        return b"%d" % self._pings

    def pong(self, payload: bytes, now: float) -> None:
        """Take an answer; a client may answer only the newest of several pings. Unknown payloads prove nothing."""
        number = int(payload) if payload.isdigit() else 0
        if not self._pongs < number <= self._pings:
            return
        self._pongs = number
        while self._pinged and self._pinged[0][0] <= number:
            self._answered.append((now, self._pinged.popleft()[1]))

    def settle(self, now: float) -> None:
        """Make certain what was answered long enough ago."""
        while self._answered and self._answered[0][0] + SETTLING_S <= now:
            _confirm(self._answered.popleft()[1])

    def settle_answered(self) -> None:
        """Make certain all that was answered: the end of a run, which nobody dies around."""
        self.settle(float("inf"))

    def settle_all(self) -> None:
        """Make certain all that was sent: the client completed a close handshake that we began."""
        _confirm(self._fresh)
        for _, records in self._pinged:
            _confirm(records)
        self.settle_answered()


def _confirm(records: Iterable[Record]) -> None:
    for record in records:
        record.certain = True
