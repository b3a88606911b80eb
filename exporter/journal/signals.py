"""The cascade signals as the journal keeps them: the engine's state, and what it told of.

It tells of changes of level, once each, and of episodes several times: when one opens, as it grows, when it is over. Of
an episode the last telling is kept. Every telling has a number that no other had before, so that a store follows them
like records.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

import msgspec

from exporter.signals.readings import Episode, LevelChange

CHANGES_KEPT = 10_000

News: TypeAlias = Episode | LevelChange

_decode_episode = msgspec.json.Decoder(Episode).decode
_decode_change = msgspec.json.Decoder(LevelChange).decode


class Saved(msgspec.Struct, frozen=True):
    """The state after the record `seq`, as whoever saved it wrote it."""

    seq: int
    state: bytes


class Telling(NamedTuple):
    """What was told, and the number of this telling."""

    number: int
    news: News


def read_saved(db: sqlite3.Connection) -> Saved | None:
    """Return the newest state, None when there is none yet."""
    row = db.execute("SELECT seq, state FROM signals").fetchone()
    return Saved(*row) if row else None


def write_saved(db: sqlite3.Connection, saved: Saved) -> None:
    """Replace the state."""
    db.execute("INSERT OR REPLACE INTO signals VALUES (1, ?, ?)", (saved.seq, saved.state))


def write_news(db: sqlite3.Connection, news: Iterable[News]) -> None:
    """Keep what was told; a change of level that is here already, told again after a crash, is left alone."""
    changed = False
    for each in news:
        body = msgspec.json.encode(each).decode()
        if isinstance(each, Episode):
            db.execute("INSERT OR REPLACE INTO tellings (episode, key, body) VALUES (1, ?, ?)", (each.id, body))
        else:
            key = f"{each.base}|{each.side}|{each.time_ms}|{each.level}"
            db.execute("INSERT OR IGNORE INTO tellings (episode, key, body) VALUES (0, ?, ?)", (key, body))
            changed = True
    if changed:
        db.execute(
            "DELETE FROM tellings WHERE episode = 0 AND number <= (SELECT max(number) FROM tellings) - ?",
            (CHANGES_KEPT,),
        )


def read_tellings(db: sqlite3.Connection, after: int, limit: int) -> list[Telling]:
    """Return the tellings after a number, oldest first."""
    query = "SELECT number, episode, body FROM tellings WHERE number > ? ORDER BY number LIMIT ?"
    rows = db.execute(query, (after, limit))
    return [
        Telling(number, _decode_episode(body) if episode else _decode_change(body)) for number, episode, body in rows
    ]


def newest_telling(db: sqlite3.Connection) -> int:
    """Return the number of the newest telling, 0 without any."""
    (number,) = db.execute("SELECT coalesce(max(number), 0) FROM tellings").fetchone()
    return int(number)


def newest_episodes(db: sqlite3.Connection, limit: int) -> list[Episode]:
    """Return the episodes that were told of last, the last one first."""
    rows = db.execute("SELECT body FROM tellings WHERE episode = 1 ORDER BY number DESC LIMIT ?", (limit,))
    return [_decode_episode(body) for (body,) in rows]
