"""The subscription requests of one socket: what is to be sent, what waits for its answer, what was refused."""

from collections import deque
from collections.abc import Iterable, Sequence
from math import inf

from exporter.exchanges.base import OLDEST, Ack, Exchange, Feed, Subscription
from exporter.feeds.allowance import Allowance
from exporter.feeds.failures import Ended, Reason


class Refusals:
    """The instruments that the exchange refused for one feed; forgotten when a new listing arrives."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._told: set[tuple[str, ...]] = set()

    def add(self, name: str) -> None:
        """Remember a refused instrument."""
        self._names.add(name)

    def news(self, request: Subscription) -> bool:
        """Return whether the refusal of these instruments is seen for the first time, and so worth a word."""
        news = request.instruments not in self._told
        self._told.add(request.instruments)
        return news

    def forget(self) -> None:
        """Allow every instrument to be tried again."""
        self._names.clear()

    def acceptable(self, names: Sequence[str]) -> list[str]:
        """Leave out what was refused; when that is everything, try everything: nothing subscribed is not a feed."""
        return [name for name in names if name not in self._names] or list(names)


class Subscriptions:
    """The book of one socket's requests; every request must be answered within `timeout` seconds of being sent.

    A refused request for several instruments is halved and asked again, until the culprit stands alone. Of the control
    streams only those that depend on no instrument are indispensable. All sockets of the feed share `allowance`.
    """

    def __init__(
        self,
        exchange: Exchange,
        feed: Feed,
        bases: Sequence[str],
        refusals: Refusals,
        allowance: Allowance,
        timeout: float,
    ) -> None:
        self._exchange = exchange
        self._feed = feed
        self._refusals = refusals
        self._allowance = allowance
        self._timeout = timeout
        self._asked: set[str] = set()
        self._waiting: dict[str, tuple[Subscription, float]] = {}
        self._unsent = deque(exchange.control(feed, bases))
        self._control = {request.key for request in self._unsent}
        self._pause_until = 0.0
        self._next_key = 1 + max((int(key) for key in self._control if key.isdecimal()), default=0)

    @property
    def complete(self) -> bool:
        """Whether everything was sent and answered."""
        return not self._unsent and not self._waiting

    def want(self, names: Iterable[str]) -> None:
        """Ask for the instruments that were not asked for on this socket, or were refused."""
        new = [name for name in names if name not in self._asked]
        if new:
            self._ask(new)

    def pause(self, now: float) -> float:
        """Return how long it takes until the next frame may be sent, in seconds; infinity when there is none."""
        if not self._unsent:
            return inf
        return max(self._pause_until - now, self._allowance.wait(now))

    def take(self, now: float) -> str | None:
        """Return the next frame to send, None when there is none or it is too soon after the one before.

        The time for its answer begins `now` (seconds).
        """
        if self.pause(now) > 0:
            return None
        self._pause_until = now + self._feed.request_every_s
        self._allowance.spend(now)
        self._allowance.unanswered += 1
        request = self._unsent.popleft()
        self._waiting[request.key] = (request, now + self._timeout)
        return request.frame

    def answer(self, ack: Ack) -> Subscription | None:
        """Take an answer; return the request when it is refused for good. Answers to nothing are ignored.

        Raises `Ended` when an indispensable stream, or every instrument, is refused.
        """
        key = next(iter(self._waiting), "") if ack.key == OLDEST else ack.key
        request, _ = self._waiting.pop(key, (None, 0.0))
        if request is None:
            return None
        self._allowance.unanswered -= 1
        if ack.ok:
            return None
        if not request.instruments:
            raise Ended(Reason.REFUSED, f"subscription refused: {ack.message or request.frame}")
        return request if request.key in self._control else self._divide(request, ack.message)

    def abandon(self) -> None:
        """Wait for no more answers: the socket is gone."""
        self._allowance.unanswered -= len(self._waiting)
        self._waiting.clear()

    def check(self, now: float) -> None:
        """Raise `Ended` when an answer is overdue."""
        for request, due in self._waiting.values():
            if now > due:
                text = f"subscription not acknowledged within {self._timeout:g} s: {request.frame[:120]}"
                raise Ended(Reason.ACK_TIMEOUT, text)

    def _divide(self, request: Subscription, message: str) -> Subscription | None:
        names = request.instruments
        self._asked.difference_update(names)
        if len(names) > 1:
            middle = len(names) // 2
            self._ask(names[:middle])
            self._ask(names[middle:])
            return None
        if not self._asked:
            raise Ended(Reason.REFUSED, f"every instrument was refused: {message}")
        self._refusals.add(names[0])
        return request

    def _ask(self, names: Sequence[str]) -> None:
        requests = self._exchange.subscribe(self._feed, names, self._next_key)
        self._next_key += len(requests)
        self._unsent.extend(requests)
        self._asked.update(names)
