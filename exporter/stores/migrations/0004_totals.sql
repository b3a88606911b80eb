-- Everything that was ever counted, per exchange, base and side: what `check` compares and what a new machine starts from.
CREATE VIEW liquidation_totals AS
SELECT
    exchange,
    base,
    side,
    sum(events)::bigint AS events,
    sum(base_quantity) AS base_quantity,
    sum(notional_usd) AS notional_usd,
    max(largest_usd) AS largest_usd,
    min(first_time) AS first_time,
    max(last_time) AS last_time
FROM (
    SELECT exchange, base, side, events, base_quantity, notional_usd, largest_usd, first_time, last_time
    FROM liquidations_1d
    UNION ALL
    SELECT * FROM carried_totals
) AS parts
GROUP BY exchange, base, side;

-- The order size histogram.
CREATE VIEW liquidation_sizes AS
SELECT exchange, side, size_bucket, sum(events)::bigint AS events
FROM (
    SELECT exchange, side, size_bucket(notional_usd) AS size_bucket, count(*) AS events
    FROM liquidations
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT * FROM carried_sizes
) AS parts
GROUP BY exchange, side, size_bucket;

-- How much was liquidated at which price, all exchanges together; see liquidations for what a level is.
CREATE VIEW liquidation_levels AS
SELECT base, side, level, sum(base_quantity) AS base_quantity, sum(notional_usd) AS notional_usd
FROM (
    SELECT base, side, level, base_quantity, notional_usd FROM liquidations
    UNION ALL
    SELECT * FROM carried_levels
) AS parts
GROUP BY base, side, level;
