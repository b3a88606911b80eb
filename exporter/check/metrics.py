"""The running exporter as a source: its counters, as of the events that they count.

A scrape names no record, but the sum of its events tells how many there are up to it. An exporter that goes on counting
while it renders may have an event in one family and not yet in the next; such a scrape is torn.
"""

import errno
import os

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from exporter.access import Access
from exporter.cells import ALL
from exporter.check.figures import Figures, Key, Kind, Name, Table
from exporter.check.report import Verdict
from exporter.check.source import Excuse, NotReadError, Place, Reading

TIMEOUT_S = 10.0

_SERIES: dict[str, Name] = {
    "liquidation_asset_events_total": "events",
    "liquidation_asset_notional_usd_total": "usd",
    "liquidation_asset_quantity_total": "base_quantity",
}
_EXCHANGES: dict[str, Name] = {
    "liquidation_events_total": "events",
    "liquidation_notional_usd_total": "usd",
}
_TORN = Excuse(Verdict.MOVING, "it went on while it was read, each time")


class MetricsSource:
    """`/metrics` of the exporter behind `access`; that nothing listens there is no fault unless it is `demanded`."""

    name = "metrics"

    def __init__(self, access: Access, *, demanded: bool) -> None:
        self._access = access
        self._demanded = demanded

    async def read(self, journal: str) -> Reading:
        """Scrape."""
        del journal  # a scrape does not tell whose it is: its figures do
        return parse(await self._scrape())

    async def _scrape(self) -> str:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            session, access = self._access.session(timeout), self._access
            async with session, session.get(f"{access.base}/metrics", **access.options()) as answer:
                if answer.status != 200:
                    raise self._unreachable(f"it answers HTTP {answer.status}")
                return await answer.text()
        except aiohttp.ClientConnectorError as error:
            number = error.os_error.errno or 0
            if number in (errno.ECONNREFUSED, errno.ENOENT) and not self._demanded:
                raise NotReadError(Verdict.NOT_RUNNING, f"nothing listens at {self._access.shown}") from None
            raise self._unreachable(
                os.strerror(number).lower() if number > 0 else str(error.os_error.strerror)
            ) from None
        except TimeoutError:
            raise self._unreachable("it did not answer in time") from None
        except (aiohttp.ClientError, OSError, UnicodeDecodeError) as error:
            raise self._unreachable(str(error) or type(error).__name__) from None

    def _unreachable(self, why: str) -> NotReadError:
        return NotReadError(Verdict.UNREACHABLE, f"{self._access.shown}: {why}")


def parse(text: str) -> Reading:
    """Read the counters of a scrape in the text format."""
    series: Figures = {}
    exchanges: Figures = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = sample.labels
                if name := _SERIES.get(sample.name):
                    series[Key(labels["exchange"], labels["base"], labels["side"], name)] = sample.value
                elif name := _EXCHANGES.get(sample.name):
                    exchanges[Key(labels["exchange"], ALL, labels["side"], name)] = sample.value
    except (ValueError, KeyError) as error:
        raise NotReadError(Verdict.UNREACHABLE, f"it does not answer like this exporter ({error})") from None
    if not exchanges:
        raise NotReadError(Verdict.UNREACHABLE, "it does not answer like this exporter; check the address")
    events = int(sum(value for key, value in exchanges.items() if key.name == "events"))
    tables = [Table("coins", Kind.SERIES, series), Table("exchanges", Kind.EXCHANGES, exchanges)]
    return Reading(Place(events=events), tables, _TORN)
