"""The cascade signals in the words that the API and the page use."""

from collections.abc import Iterator

import msgspec

from exporter.analysis.status import CoinPresent, Present, shown_level, shown_score
from exporter.analysis.words import reasons
from exporter.model import Side
from exporter.signals.readings import COMPONENTS, LEVEL_NAMES, MARKET, Episode, Reading
from exporter.view import View
from exporter.web.answers import iso

LEVELS = ("watch", "warning", "critical")
PAGE_SIDES = 8
PAGE_EPISODES = 10


class EpisodePart(msgspec.Struct, frozen=True):
    """A cascade; base `*` is the market.

    Prices are USD of one base unit, null where unknown. `end_ms` is the last order that belonged to it.
    """

    id: str
    base: str
    side: Side
    state: str
    max_level: str
    max_score: float
    start: str | None
    start_ms: int
    opened_ms: int
    peak_ms: int
    end_ms: int
    closed_ms: int | None
    usd: float
    events: int
    peak_usd: float
    largest_usd: float
    exchanges: tuple[str, ...]
    first_exchange: str
    price_first: float | None
    price_extreme: float | None
    price_last: float | None
    branching: float
    coverage: float
    contributions: dict[str, float]
    flags: tuple[str, ...]


class SidePart(msgspec.Struct, frozen=True):
    """A coin and side now; base `*` is the market. `score` is null while unknown, contributions add up to a logit."""

    base: str
    side: Side
    score: float | None
    level: int
    level_name: str
    contributions: dict[str, float]
    reasons: list[str]
    coverage: float
    warmup: bool
    branching: float | None
    run_usd: float
    episode: EpisodePart | None


class CascadesPart(msgspec.Struct, frozen=True):
    """What the page shows: the market, the sides with the highest scores, the newest episodes."""

    as_of_ms: int
    market: list[SidePart]
    sides: list[SidePart]
    episodes: list[EpisodePart]


class Cascades(msgspec.Struct, frozen=True):
    """The answer of /api/v1/cascades; `as_of_ms` is the moment of the signals."""

    now: str | None
    now_ms: int
    as_of_ms: int
    limit: int
    market: list[SidePart]
    sides: list[SidePart]
    episodes: list[EpisodePart]


class Wanted(msgspec.Struct, frozen=True):
    """Which coins, sides and episodes are asked for; `level` is the least one."""

    base: str | None
    side: Side | None
    level: int
    state: str | None
    limit: int


def cascades(view: View, wanted: Wanted, now_ms: int) -> Cascades:
    """Answer a question."""
    present = view.signals.present
    sides = [
        part
        for part in _sides(present, now_ms)
        if wanted.base in (None, part.base) and wanted.side in (None, part.side) and part.level >= wanted.level
    ]
    market = [part for part in _side_parts(present.market, MARKET, present, now_ms) if wanted.side in (None, part.side)]
    episodes = [_episode(each) for each in _newest(view) if _matches(each, wanted)][: wanted.limit]
    return Cascades(iso(now_ms), now_ms, present.now_ms, wanted.limit, market, sides, episodes)


def cascades_part(view: View, now_ms: int) -> CascadesPart:
    """Describe the signals for the page, whose clock is a second's."""
    present = view.signals.present
    sides = sorted(_sides(present, now_ms), key=lambda part: (-part.level, -(part.score or 0.0)))
    market = list(_side_parts(present.market, MARKET, present, now_ms))
    episodes = [_episode(each) for each in _newest(view)[:PAGE_EPISODES]]
    return CascadesPart(present.now_ms, market, sides[:PAGE_SIDES], episodes)


def _newest(view: View) -> list[Episode]:
    """Return the episodes that are kept, open ones first, then by their start, the newest first."""
    kept = list(view.signals.episodes.values())
    return sorted(kept, key=lambda each: (each.state != "open", -each.start_ms))


def _matches(episode: Episode, wanted: Wanted) -> bool:
    return (
        wanted.base in (None, episode.base)
        and wanted.side in (None, episode.side)
        and wanted.state in (None, episode.state)
        and episode.max_level >= wanted.level
    )


def _sides(present: Present, now_ms: int) -> Iterator[SidePart]:
    for base, coin in present.coins.items():
        yield from _side_parts(coin, base, present, now_ms)


def _side_parts(coin: CoinPresent, base: str, present: Present, now_ms: int) -> Iterator[SidePart]:
    stale = present.stale(now_ms)
    for side, reading in coin.sides.items():
        level = shown_level(reading, coin.coverage, present.blind, stale=stale)
        score = shown_score(reading, coin.coverage, present.blind, stale=stale)
        yield _side(base, side, coin, reading, level, score)


def _side(
    base: str, side: Side, coin: CoinPresent, reading: Reading | None, level: int, score: float | None
) -> SidePart:
    known = reading if score is not None else None
    return SidePart(
        base,
        side,
        score,
        level,
        LEVEL_NAMES[level],
        dict(zip(COMPONENTS, known.contributions, strict=True)) if known else {},
        reasons(known.contributions) if known else [],
        coin.coverage,
        coin.warmup,
        known.branching if known else None,
        reading.run_usd if reading else 0.0,
        _episode(reading.episode) if reading and reading.episode else None,
    )


def _episode(episode: Episode) -> EpisodePart:
    fields = {name: getattr(episode, name) for name in EpisodePart.__struct_fields__ if hasattr(episode, name)}
    fields |= {
        "max_level": LEVEL_NAMES[episode.max_level],
        "start": iso(episode.start_ms),
        "contributions": dict(zip(COMPONENTS, episode.contributions, strict=True)),
    }
    return EpisodePart(**fields)
