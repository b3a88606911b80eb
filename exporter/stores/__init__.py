"""The stores: Redis and TimescaleDB, which follow the journal at their own pace."""

from exporter.stores.base import Cursor, Holder, Standing, Store, StoreState, StoreStatus

__all__ = ["Cursor", "Holder", "Standing", "Store", "StoreState", "StoreStatus"]
