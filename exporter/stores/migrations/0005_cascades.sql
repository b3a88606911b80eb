-- A cascade's row is there from its opening on and is updated until it is over. `journal` is that of the exporter that
-- saw it: what another one saw of the same cascade replaces it. `last_time` is the last liquidation that belonged to it
-- so far, `peak_notional_usd` the most USD in any 10 seconds, `coverage` the smallest share of the coin's ordinary USD
-- whose feeds were up.
ALTER TABLE cascades
    ADD COLUMN journal text NOT NULL,
    ADD COLUMN opened_time timestamptz NOT NULL,
    ADD COLUMN last_time timestamptz NOT NULL,
    ADD COLUMN peak_notional_usd double precision NOT NULL,
    ADD COLUMN largest_usd double precision NOT NULL,
    ADD COLUMN branching_ratio double precision NOT NULL,
    ADD COLUMN coverage double precision NOT NULL;

-- Up to which of the journal's tellings of cascades everything is here. The row of a cursor is made by the first
-- records, which come before anything can be told of them.
ALTER TABLE exporter_cursors ADD COLUMN told bigint NOT NULL DEFAULT 0;
