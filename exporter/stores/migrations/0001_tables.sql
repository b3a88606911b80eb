-- The events. `time` is the exchange's, `received` ours. `level` is the price bucket of 0.1 %: it holds the prices of one
-- base unit in USD from 1.001 ^ level up to 1.001 ^ (level + 1).
CREATE TABLE liquidations (
    time timestamptz NOT NULL,
    received timestamptz NOT NULL,
    exchange text NOT NULL,
    instrument text NOT NULL,
    base text NOT NULL,
    quote text NOT NULL,
    settle text NOT NULL,
    kind text NOT NULL,
    side text NOT NULL,
    price double precision NOT NULL,
    price_kind text NOT NULL,
    quantity double precision NOT NULL,
    quantity_unit text NOT NULL,
    base_quantity double precision NOT NULL,
    notional_usd double precision NOT NULL,
    level integer NOT NULL,
    id text NOT NULL,
    origin text NOT NULL,
    UNIQUE (exchange, id, time)
);
CREATE INDEX liquidations_time ON liquidations (time DESC);
CREATE INDEX liquidations_base_time ON liquidations (base, time DESC);

-- When each feed became live (up) or stopped being live, as the exporter with that journal saw it.
CREATE TABLE feed_changes (
    journal text NOT NULL,
    seq bigint NOT NULL,
    time timestamptz NOT NULL,
    exchange text NOT NULL,
    feed text NOT NULL,
    up boolean NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (journal, seq, time)
);

-- The spans in which a feed was not live; until_time is null while one lasts.
CREATE VIEW feed_gaps AS
WITH turns AS (
    SELECT *, lag(up) OVER (PARTITION BY journal, exchange, feed ORDER BY time, seq) AS was_up FROM feed_changes
), edges AS (
    SELECT *, lead(time) OVER (PARTITION BY journal, exchange, feed ORDER BY time, seq) AS until_time
    FROM turns WHERE was_up IS DISTINCT FROM up
)
SELECT journal, exchange, feed, time AS from_time, until_time, reason FROM edges WHERE NOT up;

-- Cascade episodes; end_time is null while one lasts. level: 1 watch, 2 warning, 3 critical. contributions holds the
-- score's components at its maximum, by name.
CREATE TABLE cascades (
    base text NOT NULL,
    side text NOT NULL,
    start_time timestamptz NOT NULL,
    peak_time timestamptz,
    end_time timestamptz,
    notional_usd double precision NOT NULL,
    events bigint NOT NULL,
    exchanges text[] NOT NULL,
    first_exchange text NOT NULL,
    start_price double precision,
    peak_price double precision,
    end_price double precision,
    max_score double precision NOT NULL,
    level smallint NOT NULL,
    contributions jsonb NOT NULL,
    flags text[] NOT NULL,
    PRIMARY KEY (base, side, start_time)
);
CREATE INDEX cascades_start_time ON cascades (start_time DESC);

-- The number of an order's bucket in the size histogram, from 0; the upper bounds in USD are those of
-- liquidation_size_usd, inclusive.
CREATE FUNCTION size_bucket(notional_usd double precision) RETURNS integer IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT 14 - width_bucket(
        -notional_usd,
        ARRAY[-1e7, -2.5e6, -1e6, -5e5, -2.5e5, -1e5, -5e4, -2.5e4, -1e4, -5e3, -2.5e3, -1e3, -500, -100]::float8[]
    )
$$;

-- What was counted and is in no row of liquidations: events that the journal had given up before this database was
-- there (all three), and events that the retention has dropped (sizes and levels; the aggregates keep their totals).
CREATE TABLE carried_totals (
    exchange text NOT NULL,
    base text NOT NULL,
    side text NOT NULL,
    events bigint NOT NULL,
    base_quantity double precision NOT NULL,
    notional_usd double precision NOT NULL,
    largest_usd double precision NOT NULL,
    first_time timestamptz NOT NULL,
    last_time timestamptz NOT NULL,
    PRIMARY KEY (exchange, base, side)
);
CREATE TABLE carried_sizes (
    exchange text NOT NULL,
    side text NOT NULL,
    size_bucket integer NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (exchange, side, size_bucket)
);
CREATE TABLE carried_levels (
    base text NOT NULL,
    side text NOT NULL,
    level integer NOT NULL,
    base_quantity double precision NOT NULL,
    notional_usd double precision NOT NULL,
    PRIMARY KEY (base, side, level)
);

-- One row. Who writes here: `token` grows with every new holder, and a writer whose token is not this one changes
-- nothing. `dropped_before`: raw events before it are gone for good. `dirty_*`: the span in which events arrived behind
-- the aggregates' refresh, and in how many batches; null once that is made up for.
CREATE TABLE exporter_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    token bigint NOT NULL DEFAULT 0,
    host text,
    pid integer,
    since timestamptz,
    journal text,
    expires timestamptz,
    dropped_before timestamptz,
    dirty_from timestamptz,
    dirty_until timestamptz,
    dirty_batches bigint NOT NULL DEFAULT 0
);
INSERT INTO exporter_state DEFAULT VALUES;

-- Up to which record of which journal everything is here.
CREATE TABLE exporter_cursors (
    journal text PRIMARY KEY,
    seq bigint NOT NULL,
    mark text NOT NULL,
    moved timestamptz NOT NULL
);
