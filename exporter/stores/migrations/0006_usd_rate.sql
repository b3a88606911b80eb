-- What one unit of the coin that an event has its value in counted as, in USD: 1 for a dollar or a dollar stablecoin, the
-- exchange's mark price of that moment otherwise. Earlier events kept it in their notional only.
ALTER TABLE liquidations ADD COLUMN usd_rate double precision NOT NULL DEFAULT 1;
