"""The journal's tables, and how events become rows.

One SQLite file in WAL mode with `synchronous=FULL`. `events` and `feed_changes` share one sequence; `totals`, `minutes`
and `levels` are the ledger and the price levels as of `meta.checkpoint_seq`, so that a start reads a few thousand rows
and the short tail of events after it, however long the history is. A row of `levels` is a page of buckets: pairs of
base quantity and USD as little-endian doubles. `signals` is one row, the state of the cascade signals after the record
`seq`; `tellings` holds the changes of level and the newest telling of every episode.
"""

from exporter.model import Liquidation

VERSION = 4

DDL = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    applied_ms INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    exchange TEXT NOT NULL,
    instrument TEXT NOT NULL,
    base TEXT NOT NULL,
    quote TEXT NOT NULL,
    settle TEXT NOT NULL,
    kind TEXT NOT NULL,
    side TEXT NOT NULL,
    price REAL NOT NULL,
    price_kind TEXT NOT NULL,
    quantity REAL NOT NULL,
    quantity_unit TEXT NOT NULL,
    base_quantity REAL NOT NULL,
    notional_usd REAL NOT NULL,
    id TEXT NOT NULL,
    origin TEXT NOT NULL,
    usd_rate REAL NOT NULL
);
CREATE UNIQUE INDEX events_id ON events (exchange, id);
CREATE TABLE feed_changes (
    seq INTEGER PRIMARY KEY,
    applied_ms INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    exchange TEXT NOT NULL,
    feed TEXT NOT NULL,
    up INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE pending (
    exchange TEXT NOT NULL,
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (exchange, id)
) WITHOUT ROWID;
CREATE TABLE quarantine (
    number INTEGER PRIMARY KEY,
    received_ms INTEGER NOT NULL,
    exchange TEXT NOT NULL,
    reason TEXT NOT NULL,
    frame BLOB NOT NULL
);
CREATE TABLE totals (
    exchange TEXT NOT NULL,
    base TEXT NOT NULL,
    side TEXT NOT NULL,
    own_series INTEGER NOT NULL,
    events INTEGER NOT NULL,
    base_quantity REAL NOT NULL,
    usd REAL NOT NULL,
    largest_usd REAL NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    sizes TEXT NOT NULL,
    PRIMARY KEY (exchange, base, side)
) WITHOUT ROWID;
CREATE TABLE minutes (
    minute INTEGER NOT NULL,
    exchange TEXT NOT NULL,
    base TEXT NOT NULL,
    side TEXT NOT NULL,
    events INTEGER NOT NULL,
    base_quantity REAL NOT NULL,
    usd REAL NOT NULL,
    largest_usd REAL NOT NULL,
    PRIMARY KEY (minute, exchange, base, side)
) WITHOUT ROWID;
CREATE TABLE levels (
    base TEXT NOT NULL,
    side TEXT NOT NULL,
    page INTEGER NOT NULL,
    sums BLOB NOT NULL,
    PRIMARY KEY (base, side, page)
);
CREATE TABLE signals (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    state BLOB NOT NULL
);
CREATE TABLE tellings (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    episode INTEGER NOT NULL,
    key TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
);
"""

EVENT_COLUMNS = Liquidation.__struct_fields__
"""An event's row is the event as a tuple."""

SELECT_EVENTS = f"SELECT seq, applied_ms, {', '.join(EVENT_COLUMNS)} FROM events"  # noqa: S608 - our own column names


def of_another_version(schema: object) -> str:
    """Say what can be done about a journal that another version has written."""
    if isinstance(schema, int) and schema < VERSION:
        return (
            f"written by an older version (schema {schema}, this one reads {VERSION}), and not converted; go on with "
            "that version, or stop, move the journal away and start with an empty one: totals come back from "
            "TimescaleDB if it is configured"
        )
    return (
        f"written by a newer version (schema {schema}, this one reads {VERSION}); use that version, or restore a "
        "backup that this one has made"
    )
