-- The names of the continuous aggregates as plain views: exact, and as slow as the number of events makes them.

-- The minutes whose events the retention has deleted.
CREATE TABLE liquidations_1m_past (
    time timestamptz NOT NULL,
    exchange text NOT NULL,
    base text NOT NULL,
    side text NOT NULL,
    events bigint NOT NULL,
    base_quantity double precision NOT NULL,
    notional_usd double precision NOT NULL,
    largest_usd double precision NOT NULL,
    first_time timestamptz NOT NULL,
    last_time timestamptz NOT NULL,
    PRIMARY KEY (time, exchange, base, side)
);

CREATE VIEW liquidations_1m AS
SELECT
    date_trunc('minute', time, 'UTC') AS time,
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
UNION ALL
SELECT * FROM liquidations_1m_past;

CREATE VIEW liquidations_1h AS
SELECT
    date_trunc('hour', time, 'UTC') AS time,
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
GROUP BY 1, exchange, base, side;

CREATE VIEW liquidations_1d AS
SELECT
    date_trunc('day', time, 'UTC') AS time,
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
GROUP BY 1, exchange, base, side;
