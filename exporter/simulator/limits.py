"""What an exchange documents that a client may do at most, and the count of what clients do."""

from collections import deque
from typing import NamedTuple

import msgspec


class Rate(NamedTuple):
    """So many within any stretch of so many seconds."""

    most: int
    seconds: float


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The documented limits; one that is None is not documented.

    `sockets` may be open at once, `connects` opened, `messages` sent on one socket (texts and pings), `requests` of
    these be subscriptions; `address_messages` are the texts of all sockets together.
    """

    sockets: int | None = None
    connects: Rate | None = None
    messages: Rate | None = None
    requests: Rate | None = None
    address_messages: Rate | None = None


class Use(NamedTuple):
    """The most that was made of a limit, and what is allowed."""

    what: str
    peak: int
    allowed: int
    seconds: float = 0.0


class Toll:
    """Counts what happens within a stretch of time; without a rate anything goes. Times are seconds of one clock."""

    def __init__(self, rate: Rate | None) -> None:
        self.peak = 0
        self._rate = rate
        self._times: deque[float] = deque()

    def count(self, now: float) -> bool:
        """Count one; return whether it is still allowed."""
        if self._rate is None:
            return True
        times = self._times
        times.append(now)
        while times[0] <= now - self._rate.seconds:
            times.popleft()
        self.peak = max(self.peak, len(times))
        return len(times) <= self._rate.most


class Meter:
    """What one socket has sent."""

    def __init__(self, limits: Limits) -> None:
        self._messages = Toll(limits.messages)
        self._requests = Toll(limits.requests)
        self.exceeded = False

    @property
    def peaks(self) -> tuple[int, int]:
        """The most messages, and the most subscription requests."""
        return self._messages.peak, self._requests.peak

    def message(self, now: float, text: str | None) -> None:
        """Count a text, or a ping."""
        allowed = self._messages.count(now)
        if text is not None and "subscribe" in text:
            allowed = self._requests.count(now) and allowed
        self.exceeded = self.exceeded or not allowed


class Guard:
    """Holds the clients of one exchange to its limits; all of them have one address."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connects = Toll(limits.connects)
        self._texts = Toll(limits.address_messages)
        self._sockets = self._messages = self._requests = 0
        self.refused = 0
        """How many attempts and texts were too many."""

    def admits(self, now: float, open_sockets: int) -> bool:
        """Count an attempt to connect; return whether it is allowed."""
        self._sockets = max(self._sockets, open_sockets + 1)
        few = self._limits.sockets is None or open_sockets < self._limits.sockets
        return self._refuse_unless(self._connects.count(now) and few)

    def meter(self) -> Meter:
        """Return the count of a new socket."""
        return Meter(self._limits)

    def allows(self, now: float, meter: Meter) -> bool:
        """Count a text that came on a socket; return whether it is allowed."""
        messages, requests = meter.peaks
        self._messages, self._requests = max(self._messages, messages), max(self._requests, requests)
        return self._refuse_unless(self._texts.count(now) and not meter.exceeded)

    def uses(self) -> list[Use]:
        """Return what was made of each documented limit."""
        limits = self._limits
        rates = (
            ("connects", limits.connects, self._connects.peak),
            ("messages on a socket", limits.messages, self._messages),
            ("subscription requests on a socket", limits.requests, self._requests),
            ("messages from the address", limits.address_messages, self._texts.peak),
        )
        uses = [Use(what, peak, rate.most, rate.seconds) for what, rate, peak in rates if rate]
        return uses if limits.sockets is None else [Use("sockets", self._sockets, limits.sockets), *uses]

    def _refuse_unless(self, allowed: bool) -> bool:
        self.refused += not allowed
        return allowed
