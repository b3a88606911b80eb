-- no transaction
-- Real-time continuous aggregates, each over the one before. A statement that ran is not repeated when a later one failed.

CREATE MATERIALIZED VIEW IF NOT EXISTS liquidations_1m WITH (
    timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false
) AS
SELECT
    time_bucket(INTERVAL '1 minute', time) AS time,
    exchange,
    base,
    side,
    count(*) AS events,
    sum(base_quantity) AS base_quantity,
    sum(notional_usd) AS notional_usd,
    max(notional_usd) AS largest_usd,
    min(time) AS first_time,
    max(time) AS last_time
FROM liquidations
GROUP BY 1, exchange, base, side
WITH NO DATA;
CREATE INDEX IF NOT EXISTS liquidations_1m_base_time ON liquidations_1m (base, time DESC);

CREATE MATERIALIZED VIEW IF NOT EXISTS liquidations_1h WITH (
    timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false
) AS
SELECT
    time_bucket(INTERVAL '1 hour', time) AS time,
    exchange,
    base,
    side,
    sum(events)::bigint AS events,
    sum(base_quantity) AS base_quantity,
    sum(notional_usd) AS notional_usd,
    max(largest_usd) AS largest_usd,
    min(first_time) AS first_time,
    max(last_time) AS last_time
FROM liquidations_1m
GROUP BY 1, exchange, base, side
WITH NO DATA;
CREATE INDEX IF NOT EXISTS liquidations_1h_base_time ON liquidations_1h (base, time DESC);

CREATE MATERIALIZED VIEW IF NOT EXISTS liquidations_1d WITH (
    timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false
) AS
SELECT
    time_bucket(INTERVAL '1 day', time) AS time,
    exchange,
    base,
    side,
    sum(events)::bigint AS events,
    sum(base_quantity) AS base_quantity,
    sum(notional_usd) AS notional_usd,
    max(largest_usd) AS largest_usd,
    min(first_time) AS first_time,
    max(last_time) AS last_time
FROM liquidations_1h
GROUP BY 1, exchange, base, side
WITH NO DATA;
CREATE INDEX IF NOT EXISTS liquidations_1d_base_time ON liquidations_1d (base, time DESC);

-- What an aggregate has not taken in yet it reads from below, so the policies decide about speed and not about figures.
-- The exporter refreshes what arrives later than they look back, and what must be exact at once.
SELECT add_continuous_aggregate_policy(
    'liquidations_1m',
    start_offset => INTERVAL '1 day',
    end_offset => INTERVAL '5 minutes',
    schedule_interval => INTERVAL '5 minutes',
    if_not_exists => true
);
SELECT add_continuous_aggregate_policy(
    'liquidations_1h',
    start_offset => INTERVAL '3 days',
    end_offset => INTERVAL '1 hour',
    schedule_interval => INTERVAL '30 minutes',
    if_not_exists => true
);
SELECT add_continuous_aggregate_policy(
    'liquidations_1d',
    start_offset => INTERVAL '7 days',
    end_offset => INTERVAL '1 day',
    schedule_interval => INTERVAL '6 hours',
    if_not_exists => true
);

CALL refresh_continuous_aggregate('liquidations_1m', NULL, now() - INTERVAL '5 minutes');
CALL refresh_continuous_aggregate('liquidations_1h', NULL, now() - INTERVAL '1 hour');
CALL refresh_continuous_aggregate('liquidations_1d', NULL, now() - INTERVAL '1 day');
