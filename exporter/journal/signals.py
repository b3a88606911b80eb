"""The cascade signals as the journal keeps them: the engine's state, and the episodes it told of.

An episode is told several times: when it opens, as it grows, when it is over. The last telling is kept, under a number
that no telling had before, so that a store follows them like records.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from exporter.signals.readings import Episode

_decode = msgspec.json.Decoder(Episode).decode


class Saved(msgspec.Struct, frozen=True):
    """The state after the record `seq`, as whoever saved it wrote it."""

    seq: int
    state: bytes


class Telling(NamedTuple):
    """What is known of an episode, and the number of this telling."""

    number: int
    episode: Episode


def read_saved(db: sqlite3.Connection) -> Saved | None:
    """Return the newest state, None when there is none yet."""
    row = db.execute("SELECT seq, state FROM signals").fetchone()
    return Saved(*row) if row else None


def write_saved(db: sqlite3.Connection, saved: Saved) -> None:
    """Replace the state."""
    db.execute("INSERT OR REPLACE INTO signals VALUES (1, ?, ?)", (saved.seq, saved.state))


def write_episodes(db: sqlite3.Connection, episodes: Iterable[Episode]) -> None:
    """Keep the newest telling of each."""
    rows = [(each.id, msgspec.json.encode(each).decode()) for each in episodes]
    db.executemany("INSERT OR REPLACE INTO episodes (id, episode) VALUES (?, ?)", rows)


def read_episodes(db: sqlite3.Connection, after: int, limit: int) -> list[Telling]:
    """Return the tellings after a number, oldest first."""
    rows = db.execute("SELECT number, episode FROM episodes WHERE number > ? ORDER BY number LIMIT ?", (after, limit))
    return [Telling(number, _decode(episode)) for number, episode in rows]


def newest_episodes(db: sqlite3.Connection, limit: int) -> list[Episode]:
    """Return the episodes that were told of last, the last one first."""
    rows = db.execute("SELECT episode FROM episodes ORDER BY number DESC LIMIT ?", (limit,))
    return [_decode(episode) for (episode,) in rows]
