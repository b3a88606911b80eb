"""Before a first start: whether there is a history in the database that this empty journal continues."""

import asyncio
import time
from pathlib import Path

import structlog

from exporter.config import Config
from exporter.journal import Database
from exporter.stores.base import StoreError, StoreFaultError

log = structlog.get_logger()

RETRY_S = 1.0
CONSEQUENCE = (
    "counters begin at zero; should the database hold a history: stop, move the journal away, and start again "
    "once it can be reached"
)


async def take_over(config: Config, journal: Path, stop: asyncio.Event) -> None:
    """Give the history in the database to a journal that is empty or not there; gives up when `stop` is set.

    Without it the counters would begin at zero beside a database that knows better, so it is worth waiting for:
    as long as `stores.timescale.restore_wait`, counted from the last sign of life. After that, or when the database
    refuses, the exporter begins anew and says so: what happens now must not be missed.
    """
    if not config.stores.timescale.url or _has_records(journal):
        return
    work = asyncio.create_task(_try(_Attempt(config, journal), config.stores.timescale.restore_wait))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (work, stopping):
        task.cancel()
    await asyncio.wait([work, stopping])
    if not work.cancelled():
        work.result()


async def _try(attempt: "_Attempt", patience_s: float) -> None:
    reason = ""
    while True:
        try:
            return await attempt.make()
        except StoreFaultError as error:
            log.error("history not restored", reason=str(error), consequence=CONSEQUENCE)  # noqa: TRY400 - no traceback
            return None
        except StoreError as error:
            if attempt.idle_s >= patience_s:
                log.warning("history not restored", reason=str(error), consequence=CONSEQUENCE)
                return None
            if str(error) != reason:
                reason = str(error)
                log.warning("waiting for the history", reason=reason, at_most_s=patience_s)
        await asyncio.sleep(RETRY_S)


class _Attempt:
    """Tries to restore, and knows when the database last answered."""

    def __init__(self, config: Config, journal: Path) -> None:
        self._config = config
        self._journal = journal
        self._answered = time.monotonic()

    @property
    def idle_s(self) -> float:
        """How long ago the database last answered, or the first attempt began."""
        return time.monotonic() - self._answered

    async def make(self) -> None:
        """Restore once; raises `StoreError`."""
        from exporter.stores.restore import restore  # noqa: PLC0415 - the driver is imported where it is needed
        from exporter.stores.restored_cells import Series  # noqa: PLC0415 - as above

        config = self._config
        horizon_ms = int((time.time() - config.journal.retention) * 1000)
        series = Series(config.metrics.bases, config.metrics.base_cap)
        started = time.monotonic()
        restored = await restore(config.stores.timescale.url, self._journal, horizon_ms, series, self._progress)
        if restored:
            seconds = round(time.monotonic() - started, 1)
            log.info("journal restored", events=restored.events, recent=restored.recent, seconds=seconds)

    def _progress(self) -> None:
        self._answered = time.monotonic()


def _has_records(journal: Path) -> bool:
    if not journal.exists():
        return False
    database = Database(journal)
    try:
        return database.last_seq > 0
    finally:
        database.close()
