"""Gaps: the spans in which an exchange was configured and not all of its feeds were live, and what was filled."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from exporter.model import NEVER_RUN, FeedChange, PastChanges

Bounds = tuple[int, int]
"""From and until, Unix milliseconds."""


class Gap(msgspec.Struct, frozen=True):
    """A span without full coverage of an exchange; `until_ms` is None while it lasts.

    `missing` is what of it could not be asked for afterwards either, nothing when all of it could.
    """

    exchange: str
    from_ms: int
    until_ms: int | None
    reason: str
    missing: tuple[Bounds, ...] = ()

    @property
    def filled_ms(self) -> int:
        """How much of it was asked for afterwards."""
        if self.until_ms is None:
            return 0
        return self.until_ms - self.from_ms - sum(until - since for since, until in self.missing)


class Outage(msgspec.Struct):
    """A span in which one feed was not live; it is filled from `filled_ms` on."""

    feed: str
    from_ms: int
    until_ms: int | None
    reason: str
    filled_ms: int | None = None


class Gaps:
    """Folds the journal's feed changes into gaps; keeps the newest ones and the sums of all."""

    KEPT = 100

    def __init__(self) -> None:
        self._down: dict[str, dict[str, Outage]] = {}
        self._outages: dict[str, list[Outage]] = {}
        self._open: dict[str, Gap] = {}
        self._closed: dict[str, list[Gap]] = {}
        self._closed_ms: dict[str, int] = {}
        self._filled_ms: dict[str, int] = {}
        self._first_ms: dict[str, int] = {}

    def apply(self, change: FeedChange) -> None:
        """Take the next feed change."""
        self._first_ms.setdefault(change.exchange, change.time_ms)
        if change.looks_back:
            self._fill(change)
            return
        down = self._down.setdefault(change.exchange, {})
        if not change.up:
            if not down:
                self._open[change.exchange] = Gap(change.exchange, change.time_ms, None, change.reason)
            down.setdefault(change.feed, Outage(change.feed, change.time_ms, None, change.reason))
            return
        outage = down.pop(change.feed, None)
        if outage:
            outage.until_ms = max(outage.from_ms, change.time_ms)
            self._keep(change.exchange, outage)
        gap = self._open.pop(change.exchange, None) if not down else None
        if gap:
            self._close(gap, max(gap.from_ms, change.time_ms))

    def restore(self, past: Mapping[str, PastChanges]) -> None:
        """Begin with what was before the changes that are still kept."""
        for exchange, sums in past.items():
            self._first_ms[exchange] = sums.first_ms
            self._closed_ms[exchange], self._filled_ms[exchange] = sums.gap_ms, sums.filled_ms

    def settled(self, exchange: str, seq: int) -> PastChanges | None:
        """Return the sums up to the record `seq`; None while a feed of the exchange is down."""
        if self._down.get(exchange):
            return None
        closed, filled = self._closed_ms.get(exchange, 0), self._filled_ms.get(exchange, 0)
        return PastChanges(seq, self._first_ms[exchange], closed, filled)

    def first_ms(self, exchange: str) -> int | None:
        """Return when an exchange was first listened to, None before."""
        return self._first_ms.get(exchange)

    def seconds(self, exchange: str, now_ms: int) -> float:
        """Return the length of all gaps of an exchange, the running one included, whether filled or not."""
        gap = self._open.get(exchange)
        running = max(0, now_ms - gap.from_ms) if gap else 0
        return (self._closed_ms.get(exchange, 0) + running) / 1000

    def filled_seconds(self, exchange: str) -> float:
        """Return how much of an exchange's gaps was filled afterwards."""
        return self._filled_ms.get(exchange, 0) / 1000

    def newest(self, exchange: str) -> list[Gap]:
        """Return the newest gaps, the newest first."""
        gap = self._open.get(exchange)
        closed = self._closed.get(exchange, [])
        return ([gap] if gap else []) + closed[::-1]

    def unfilled(self, exchange: str, since_ms: int) -> list[Outage]:
        """Return the outages that reach beyond `since_ms` and were not filled, the open ones included.

        The time before the first start is none: nobody asked for it.
        """
        outages = [*self._outages.get(exchange, []), *self._down.get(exchange, {}).values()]
        return [
            outage
            for outage in outages
            if outage.filled_ms is None
            and outage.reason != NEVER_RUN
            and (outage.until_ms is None or outage.until_ms > since_ms)
        ]

    def missed(self, exchange: str, since_ms: int, until_ms: int) -> list[Outage]:
        """Return the outages that ended within a span, and of which something in it was not filled."""
        return [
            outage
            for outage in self._outages.get(exchange, [])
            if since_ms < (outage.until_ms or 0) <= until_ms and max(since_ms, outage.from_ms) < _end(outage)
        ]

    def apply_all(self, changes: Iterable[FeedChange]) -> None:
        """Take several feed changes."""
        for change in changes:
            self.apply(change)

    def _keep(self, exchange: str, outage: Outage) -> None:
        outages = self._outages.setdefault(exchange, [])
        outages.append(outage)
        del outages[: -4 * self.KEPT]

    def _close(self, gap: Gap, until_ms: int) -> None:
        closed = self._closed.setdefault(gap.exchange, [])
        missing = ((gap.from_ms, until_ms),) if until_ms > gap.from_ms else ()
        closed.append(msgspec.structs.replace(gap, until_ms=until_ms, missing=missing))
        del closed[: -self.KEPT]
        self._closed_ms[gap.exchange] = self._closed_ms.get(gap.exchange, 0) + until_ms - gap.from_ms

    def _fill(self, change: FeedChange) -> None:
        """Note that a feed's outage is filled from the change's time to its end."""
        outages = self._outages.get(change.exchange, [])
        filled = next((each for each in reversed(outages) if _is_of(each, change)), None)
        if filled is None:
            return
        filled.filled_ms = min(change.time_ms, filled.filled_ms or change.time_ms)
        closed = self._closed.get(change.exchange, [])
        for position, gap in enumerate(closed):
            # a gap begins with the first report of a feed that is down, which may prove less than a later one
            if filled.from_ms <= (gap.until_ms or 0) and gap.from_ms <= (filled.until_ms or 0):
                less = msgspec.structs.replace(gap, missing=_missing(gap, outages))
                gained = less.filled_ms - gap.filled_ms
                self._filled_ms[change.exchange] = self._filled_ms.get(change.exchange, 0) + gained
                closed[position] = less


def summed(past: Mapping[str, PastChanges], changes: Iterable[tuple[int, FeedChange]]) -> dict[str, PastChanges]:
    """Return sums that contain further changes, of each exchange as far as there is no gap at their end.

    `changes` are numbered as in the journal.
    """
    gaps, found = Gaps(), dict(past)
    gaps.restore(past)
    for seq, change in changes:
        gaps.apply(change)
        if sums := gaps.settled(change.exchange, seq):
            found[change.exchange] = sums
    return found


def _is_of(outage: Outage, change: FeedChange) -> bool:
    return outage.feed == change.feed and outage.from_ms <= change.time_ms <= (outage.until_ms or 0)


def _missing(gap: Gap, outages: Sequence[Outage]) -> tuple[Bounds, ...]:
    """Return what of a gap no feed change has filled: the union of its feeds' outages without their filled ends."""
    spans = [(max(outage.from_ms, gap.from_ms), min(_end(outage), gap.until_ms or 0)) for outage in outages]
    union: list[Bounds] = []
    for since, until in sorted(span for span in spans if span[0] < span[1]):
        if union and since <= union[-1][1]:
            union[-1] = (union[-1][0], max(until, union[-1][1]))
        else:
            union.append((since, until))
    return tuple(union)


def _end(outage: Outage) -> int:
    return outage.filled_ms if outage.filled_ms is not None else outage.until_ms or 0
