"""Asking for a span of the past by hand: whether it can be asked for, and what came of it."""

import msgspec

from exporter.config import Duration
from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Completeness, Exchange, Span
from exporter.feeds.status import Shortfall, Tally
from exporter.isotime import text_of

SLACK_MS = 60_000
"""So much beyond the depth may be asked for: `--since 24h` is as deep as it was when it was typed."""
SHOWN = 20
"""How many of the calls that failed a report names."""


class Progress(msgspec.Struct, frozen=True):
    """How far it is: calls made and left of the day that is being asked for, liquidations found and new."""

    requests: int
    left: int
    found: int
    recorded: int


class Missing(msgspec.Struct, frozen=True):
    """What is not known for certain: of a feed, about what (both empty: everything), from when until when, and why."""

    feed: str
    about: str
    since: str
    since_ms: int
    until: str
    until_ms: int
    reason: str


class Report(msgspec.Struct, frozen=True):
    """What came of it. `oldest` is how far back the exchange can be asked.

    `found` liquidations happened in the span according to the exchange: `recorded` of them are new, `known` were there,
    `waiting` wait for their instrument or a rate, `left_out` are not of a class that counts. `failures` is the number
    of calls, or of groups of them, without an answer; `missing` names the first of them, and what can still come.
    """

    exchange: str
    title: str
    completeness: Completeness
    since: str
    since_ms: int
    until: str
    until_ms: int
    oldest: str
    oldest_ms: int
    requests: int
    found: int
    recorded: int
    known: int
    waiting: int
    left_out: int
    failures: int
    missing: list[Missing]


def span_of(exchange: Exchange, since_ms: int, until_ms: int | None, now_ms: int, keep_ms: int) -> Span:
    """Return what is to be asked for; raises `UserError` when it can not be.

    What happened more than `keep_ms` ago could not be told from what is known.
    """
    if exchange.history is None:
        able = ", ".join(name for name, each in REGISTRY.items() if each.history)
        raise UserError(f"{exchange.title} can not be asked for the past; these can: {able}")
    if since_ms >= now_ms:
        raise UserError(f"--since {_text(since_ms)} is not in the past")
    until = now_ms if until_ms is None else until_ms
    if until > now_ms + SLACK_MS:
        raise UserError(f"--until {_text(until)} is in the future")
    if since_ms >= until:
        raise UserError("--since is not before --until")
    oldest = oldest_ms(exchange, now_ms, keep_ms)
    if since_ms < oldest - SLACK_MS:
        raise UserError(
            f"--since {_text(since_ms)} is too long ago: {_depth(exchange, keep_ms)}, from {_text(oldest)} on"
        )
    return Span(max(since_ms, oldest), min(until, now_ms))


def oldest_ms(exchange: Exchange, now_ms: int, keep_ms: int) -> int:
    """Return the earliest instant that can be asked for."""
    return now_ms - min(_answers_ms(exchange), keep_ms)


def progress(tally: Tally) -> Progress:
    """Describe how far it is."""
    return Progress(tally.requests, tally.left, tally.found, tally.recorded)


def report(exchange: Exchange, span: Span, tally: Tally, now_ms: int, keep_ms: int) -> Report:
    """Describe what came of it."""
    oldest = oldest_ms(exchange, now_ms, keep_ms)
    return Report(
        exchange.name,
        exchange.title,
        exchange.capability.completeness,
        text_of(span.from_ms),
        span.from_ms,
        text_of(span.until_ms),
        span.until_ms,
        text_of(oldest),
        oldest,
        tally.requests,
        tally.found,
        tally.recorded,
        tally.found - tally.recorded - tally.waiting - tally.left_out,
        tally.waiting,
        tally.left_out,
        len(tally.missing),
        [_missing(each) for each in tally.missing[:SHOWN]] + _late(exchange, span, now_ms),
    )


def _late(exchange: Exchange, span: Span, now_ms: int) -> list[Missing]:
    """Say what can still appear where rows are published late."""
    again_s = exchange.history.again_s if exchange.history else 0.0
    since, again = max(span.from_ms, now_ms - int(again_s * 1000)), span.until_ms + int(again_s * 1000)
    if since >= span.until_ms:
        return []
    late = f"it can publish them up to {Duration(again_s)} late; ask again after {_text(again)}"
    return [_missing(Shortfall("", "", since, span.until_ms, late))]


def _missing(each: Shortfall) -> Missing:
    times = (text_of(each.from_ms), each.from_ms, text_of(each.until_ms), each.until_ms)
    return Missing(each.feed, each.about, *times, each.reason)


def _depth(exchange: Exchange, keep_ms: int) -> str:
    if keep_ms < _answers_ms(exchange):
        return f"the journal tells known liquidations from new ones for {Duration(keep_ms / 1000)} (journal.retention)"
    return f"{exchange.title} answers for the last {Duration(_answers_ms(exchange) / 1000)}"


def _answers_ms(exchange: Exchange) -> int:
    return int(exchange.capability.backfill_hours * 3_600_000)


def _text(time_ms: int) -> str:
    return f"{text_of(time_ms)[:16]}Z"
