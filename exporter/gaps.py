"""Gaps: the spans in which an exchange was configured and not all of its feeds were live."""

from collections.abc import Iterable

import msgspec

from exporter.model import FeedChange


class Gap(msgspec.Struct, frozen=True):
    """A span without full coverage of an exchange; `until_ms` is None while it lasts."""

    exchange: str
    from_ms: int
    until_ms: int | None
    reason: str


class Gaps:
    """Folds the journal's feed changes into gaps; keeps the newest ones and the sum of all."""

    KEPT = 100

    def __init__(self) -> None:
        self._down: dict[str, set[str]] = {}
        self._open: dict[str, Gap] = {}
        self._closed: dict[str, list[Gap]] = {}
        self._closed_ms: dict[str, int] = {}

    def apply(self, change: FeedChange) -> None:
        """Take the next feed change."""
        down = self._down.setdefault(change.exchange, set())
        if not change.up:
            if not down:
                self._open[change.exchange] = Gap(change.exchange, change.time_ms, None, change.reason)
            down.add(change.feed)
            return
        down.discard(change.feed)
        gap = self._open.pop(change.exchange, None) if not down else None
        if gap:
            self._close(msgspec.structs.replace(gap, until_ms=max(gap.from_ms, change.time_ms)))

    def seconds(self, exchange: str, now_ms: int) -> float:
        """Return the length of all gaps of an exchange, the running one included."""
        gap = self._open.get(exchange)
        running = max(0, now_ms - gap.from_ms) if gap else 0
        return (self._closed_ms.get(exchange, 0) + running) / 1000

    def newest(self, exchange: str) -> list[Gap]:
        """Return the newest gaps, the newest first."""
        gap = self._open.get(exchange)
        closed = self._closed.get(exchange, [])
        return ([gap] if gap else []) + closed[::-1]

    def apply_all(self, changes: Iterable[FeedChange]) -> None:
        """Take several feed changes."""
        for change in changes:
            self.apply(change)

    def _close(self, gap: Gap) -> None:
        closed = self._closed.setdefault(gap.exchange, [])
        closed.append(gap)
        del closed[: -self.KEPT]
        length = (gap.until_ms or gap.from_ms) - gap.from_ms
        self._closed_ms[gap.exchange] = self._closed_ms.get(gap.exchange, 0) + length
