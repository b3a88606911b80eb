"""The read-only JSON API: /api/v1/stats, bases, minutes, exchanges, events, levels, cascades."""

import heapq
import math
import sqlite3
from collections.abc import Callable
from operator import attrgetter

import msgspec
from aiohttp import web

from exporter.journal import JournalError
from exporter.levels import RATIO, Level
from exporter.model import LONG, SHORT, SIDES, Liquidation, Side
from exporter.stats import Tally
from exporter.view import View
from exporter.web.answers import JSON, ApiError, Body, accepts_gzip, bad_request, iso, pack, respond, without_folders
from exporter.web.cascades import LEVELS, Wanted, cascades
from exporter.web.clock import now_ms
from exporter.web.describe import ExchangeDetail, exchange_details
from exporter.web.query import ALL_TIME, Query, find_base
from exporter.web.worker import Worker

MOST_EVENTS = 1000
MOST_BASES = 5000
MOST_MINUTES = 1440
MOST_LEVELS = 5000
MOST_EPISODES = 200


class BasePart(msgspec.Struct, frozen=True):
    """One coin: its sums in USD, per side and in all."""

    base: str
    events: int
    usd: float
    long_usd: float
    short_usd: float
    largest_usd: float


class Bases(msgspec.Struct, frozen=True):
    """The coins with the largest sums; `main` are those that always have series, in the configured order."""

    now: str | None
    now_ms: int
    window: str
    known: int
    main: tuple[str, ...]
    bases: list[BasePart]


class Series(msgspec.Struct, frozen=True):
    """One side, minute by minute."""

    events: list[int]
    usd: list[float]


class Minutes(msgspec.Struct, frozen=True):
    """The newest minutes, from the one that begins at `from_ms` to the running one."""

    base: str | None
    now: str | None
    now_ms: int
    since: str | None
    since_ms: int
    minutes: int
    long: Series
    short: Series


class Exchanges(msgspec.Struct, frozen=True):
    """Every exchange that is listened to."""

    now: str | None
    now_ms: int
    exchanges: list[ExchangeDetail]


class Events(msgspec.Struct, frozen=True):
    """Events, the newest first, in the interchange form."""

    now: str | None
    now_ms: int
    limit: int
    events: list[Liquidation]


class Ladder(msgspec.Struct, frozen=True):
    """One side's price levels, by rising price, and its sums over all `known` ones, whether they are shown or not."""

    base_quantity: float
    usd: float
    known: int
    levels: list[Level]


class Ladders(msgspec.Struct, frozen=True):
    """What was liquidated of a coin since the start, by price; each level's upper edge is `ratio` times its lower."""

    base: str
    now: str | None
    now_ms: int
    ratio: float
    limit: int
    sides: dict[Side, Ladder]


class Api:
    """Answers questions about figures, exchanges and events."""

    def __init__(self, view: View, worker: Worker) -> None:
        self._view = view
        self._worker = worker

    def routes(self) -> list[web.RouteDef]:
        """Return its routes."""
        return [
            web.get("/api/v1/stats", self.stats),
            web.get("/api/v1/bases", self.bases),
            web.get("/api/v1/minutes", self.minutes),
            web.get("/api/v1/exchanges", self.exchanges),
            web.get("/api/v1/events", self.events),
            web.get("/api/v1/levels", self.levels),
            web.get("/api/v1/cascades", self.cascades),
        ]

    async def stats(self, request: web.Request) -> web.Response:
        """Answer the ledger's `CumulativeStats` of a coin or of all, over a window or all time."""
        query = Query(request, "base", "symbol", "window")
        symbol, window, now = query.symbol("base", "symbol"), query.window(), now_ms()

        def figures() -> dict[str, object]:
            stats = self._view.stats(self._base(symbol), window, now)
            times = {"now_ms": now, "now": iso(now), "first": iso(stats.first_ms), "last": iso(stats.last_ms)}
            return times | msgspec.structs.asdict(stats)

        return await self._answer(request, figures)

    async def bases(self, request: web.Request) -> web.Response:
        """Answer the coins, those with the largest sum in USD first."""
        query = Query(request, "window", "limit")
        window, limit, now = query.window(), query.count("limit", MOST_BASES, MOST_BASES), now_ms()

        def largest() -> Bases:
            sums = self._view.ledger.by_base(window, now)
            parts = sorted((_base_part(base, sides) for base, sides in sums.items()), key=lambda part: -part.usd)
            main = self._view.ledger.bases
            return Bases(iso(now), now, window or ALL_TIME, len(parts), main, parts[:limit])

        return await self._answer(request, largest)

    async def minutes(self, request: web.Request) -> web.Response:
        """Answer the newest minutes of a coin or of all, side by side."""
        query = Query(request, "base", "symbol", "minutes")
        symbol, count, now = query.symbol("base", "symbol"), query.count("minutes", 60, MOST_MINUTES), now_ms()

        def newest() -> Minutes:
            base = self._base(symbol)
            sides = self._view.ledger.minutes(base, now, count)
            since = (now // 60_000 - count + 1) * 60_000
            long, short = _series(sides[LONG]), _series(sides[SHORT])
            return Minutes(base, iso(now), now, iso(since), since, count, long, short)

        return await self._answer(request, newest)

    async def exchanges(self, request: web.Request) -> web.Response:
        """Answer state, capability, counters and gaps of every exchange."""
        Query(request)
        now = now_ms()
        answer = Exchanges(iso(now), now, exchange_details(self._view, now))
        return await self._answer(request, lambda: answer)

    async def events(self, request: web.Request) -> web.Response:
        """Answer the newest events that meet the filters."""
        query = Query(request, "limit", "base", "symbol", "side", "exchange", "min_usd")
        limit, filters, symbol = query.count("limit", 100, MOST_EVENTS), query.filters(), query.symbol("base", "symbol")
        if base := await self._worker.run(lambda: self._base(symbol)):
            filters["base"] = base
        try:
            records = await self._view.newest(filters, limit)
        except (JournalError, sqlite3.Error, OSError) as error:
            reason = f"the journal cannot be read at the moment: {without_folders(str(error))}"
            raise ApiError(503, "journal unavailable", reason) from error
        now = now_ms()
        found = [record.entry for record in records if isinstance(record.entry, Liquidation)]
        return await self._answer(request, lambda: Events(iso(now), now, limit, found))

    async def levels(self, request: web.Request) -> web.Response:
        """Answer the price levels of a coin: those with the largest sum in USD, by rising price."""
        query = Query(request, "base", "symbol", "side", "limit")
        symbol, side, limit = query.symbol("base", "symbol"), query.side(), query.count("limit", 500, MOST_LEVELS)
        if symbol is None:
            raise bad_request("base is missing; write for example /api/v1/levels?base=BTC")
        now = now_ms()

        def ladders() -> Ladders:
            base = find_base(symbol, self._view.ledger.known_bases())
            sides: dict[Side, Ladder] = {
                each: self._ladder(base, each, limit) for each in SIDES if side in (None, each)
            }
            return Ladders(base, iso(now), now, RATIO, limit, sides)

        return await self._answer(request, ladders)

    async def cascades(self, request: web.Request) -> web.Response:
        """Answer what the cascade signals say now, and the newest episodes."""
        query = Query(request, "base", "symbol", "side", "level", "state", "limit")
        symbol, side, limit = query.symbol("base", "symbol"), query.side(), query.count("limit", 50, MOST_EPISODES)
        level, state = query.choice("level", LEVELS), query.choice("state", ("open", "closed"))
        least, now = LEVELS.index(level) + 1 if level else -1, now_ms()
        return await self._answer(
            request, lambda: cascades(self._view, Wanted(self._base(symbol), side, least, state, limit), now)
        )

    def _ladder(self, base: str, side: Side, limit: int) -> Ladder:
        levels = self._view.levels.ladder(base, side)
        largest = heapq.nlargest(limit, levels, key=attrgetter("usd"))
        return Ladder(
            math.fsum(level.base_quantity for level in levels),
            math.fsum(level.usd for level in levels),
            len(levels),
            sorted(largest, key=attrgetter("bucket")),
        )

    def _base(self, symbol: str | None) -> str | None:
        return find_base(symbol, self._view.ledger.known_bases()) if symbol else None

    async def _answer(self, request: web.Request, make: Callable[[], object]) -> web.Response:
        """Derive, encode and compress in the worker's thread."""
        gzipped = accepts_gzip(request)

        def job() -> Body:
            return pack(msgspec.json.encode(make()), JSON, gzipped=gzipped)

        return respond(await self._worker.run(job))


def _base_part(base: str, sides: dict[Side, Tally]) -> BasePart:
    return BasePart(
        base,
        sum(sides[side].events for side in SIDES),
        sum(sides[side].usd for side in SIDES),
        sides[LONG].usd,
        sides[SHORT].usd,
        max(sides[side].largest_usd for side in SIDES),
    )


def _series(tallies: list[Tally]) -> Series:
    return Series([tally.events for tally in tallies], [tally.usd for tally in tallies])
