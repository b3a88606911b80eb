SELECT create_hypertable('liquidations', by_range('time', INTERVAL '1 day'), create_default_indexes => false);
ALTER TABLE liquidations SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'exchange',
    timescaledb.compress_orderby = 'time DESC, id'
);
SELECT add_compression_policy('liquidations', compress_after => INTERVAL '7 days');
