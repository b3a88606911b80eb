"""Cascades as rows: one each, updated by every telling, and never doubled by a second exporter that saw it too."""

from collections.abc import Sequence

import msgspec

from exporter.journal import Telling
from exporter.signals.readings import COMPONENTS, Episode
from exporter.stores.timescale_rows import without_nul

_TIMES = ("start_time", "opened_time", "peak_time", "last_time", "end_time")
_COLUMNS = {
    "base": "text",
    "side": "text",
    "start_time": "bigint",
    "opened_time": "bigint",
    "peak_time": "bigint",
    "last_time": "bigint",
    "end_time": "bigint",
    "notional_usd": "float8",
    "events": "bigint",
    "exchanges": "text",
    "first_exchange": "text",
    "start_price": "float8",
    "peak_price": "float8",
    "end_price": "float8",
    "max_score": "float8",
    "level": "smallint",
    "contributions": "text",
    "flags": "text",
    "peak_notional_usd": "float8",
    "largest_usd": "float8",
    "branching_ratio": "float8",
    "coverage": "float8",
}
"""The columns as they travel: times as Unix milliseconds, lists and objects as JSON."""


def _value(name: str) -> str:
    if name in _TIMES:
        return f"to_timestamp({name}::float8 / 1000)"
    if name in ("exchanges", "flags"):
        return f"ARRAY(SELECT jsonb_array_elements_text({name}::jsonb))"
    return f"{name}::jsonb" if name == "contributions" else name


def _tell_statement() -> str:
    """Compose the statement; without the lease nothing below `lease` has rows to write."""
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_COLUMNS.values(), 5))
    values = ", ".join(f"{_value(name)} AS {name}" for name in _COLUMNS)
    updates = ", ".join(f"{name} = excluded.{name}" for name in ("journal", *_COLUMNS))
    return f"""
WITH lease AS (
    UPDATE exporter_state SET expires = clock_timestamp() + $2::float8 * interval '1 second' WHERE token = $1
    RETURNING token
), told AS (
    SELECT {values} FROM unnest({arrays}) AS rows ({", ".join(_COLUMNS)}), lease
), others AS (
    DELETE FROM cascades USING told
    WHERE cascades.journal <> $3 AND cascades.base = told.base AND cascades.side = told.side
        AND cascades.start_time <> told.start_time
        AND cascades.start_time <= told.last_time AND cascades.last_time >= told.start_time
), written AS (
    INSERT INTO cascades (journal, {", ".join(_COLUMNS)})
    SELECT $3, {", ".join(_COLUMNS)} FROM told
    ON CONFLICT (base, side, start_time) DO UPDATE SET {updates}
), cursor AS (
    UPDATE exporter_cursors SET told = $4 FROM lease WHERE journal = $3
)
SELECT token FROM lease
"""  # noqa: S608 - our own column names


TELL = _tell_statement()
"""Arguments: token, seconds that the lease lasts, journal, number of the last telling, one array per column."""


def episode_arrays(tellings: Sequence[Telling]) -> list[Sequence[object]]:
    """Return one array per column; no rows when nothing is told of an episode."""
    rows = [_row(each.news) for each in tellings if isinstance(each.news, Episode)]
    return without_nul(list(zip(*rows, strict=True)) if rows else [()] * len(_COLUMNS))


def _row(episode: Episode) -> tuple[object, ...]:
    contributions = dict(zip(COMPONENTS, episode.contributions, strict=True))
    return (
        episode.base,
        episode.side,
        episode.start_ms,
        episode.opened_ms,
        episode.peak_ms,
        episode.end_ms,
        episode.end_ms if episode.state == "closed" else None,
        episode.usd,
        episode.events,
        _json(episode.exchanges),
        episode.first_exchange,
        episode.price_first,
        episode.price_extreme,
        episode.price_last,
        episode.max_score,
        episode.max_level,
        _json(contributions),
        _json(episode.flags),
        episode.peak_usd,
        episode.largest_usd,
        episode.branching,
        episode.coverage,
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
