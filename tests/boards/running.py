"""The exporter in a demo that a real Prometheus scrapes, with both stores, and the truth about what it was sent."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from exporter.demo import fill
from exporter.folder import JOURNAL_FILE
from exporter.simulator import TruthEvent, past, truthfile
from stack.alertmanager import Alertmanager
from stack.prometheus import Prometheus
from stack.redis import RedisServer
from stack.service import HOST, Service, free_port
from tests.boards.frames import Moment
from tests.boards.prometheus_api import Api
from tests.system.processes import Exporter, simulator, until

SEED = 7
SCENARIO = "cascade"
SCRAPES = 6
"""So many of the exporter are seen before anything is asked: enough for a rate at two steps of a graph."""
CHECK_EVERY = "10s"
STEP_S = 15
"""The step of graphs of what is recorded."""
MINUTE_S = 60


class Demo:
    """A running exporter and what watches it; `live` is a moment at which everything worked."""

    def __init__(self, exporter: Exporter, api: Api, history: list[TruthEvent], end: Any) -> None:
        self.exporter = exporter
        self.api = api
        self._history = history
        self._end = end
        until(self._has_everything, "Prometheus to have seen a checked exporter for a while")
        self.live = Moment(api, time.time())

    @cached_property
    def truth(self) -> list[TruthEvent]:
        """Every event that the exporter was sent; ends the market."""
        events = self._history + truthfile.read(self._end())
        self.exporter.drained()
        return events

    def stats(self, base: str | None, window: str | None) -> tuple[dict[str, Any], Moment]:
        """What `stats --json` says once the market has ended, and the moment, of which Prometheus has a scrape."""
        assert self.truth
        query = "&".join(f"{name}={value}" for name, value in (("base", base), ("window", window)) if value)
        return until(lambda: self._stats(f"/api/v1/stats?{query}"), "a scrape in the minute of the figures")

    def _stats(self, path: str) -> tuple[dict[str, Any], Moment] | None:
        answer = self.exporter.json(path)
        moment = Moment(self.api, answer["now_ms"] / 1000)
        scraped = self._last_scrape(moment.time)
        same = scraped > self._drained and scraped // MINUTE_S == moment.time // MINUTE_S
        return (answer, moment) if same else None

    @cached_property
    def _drained(self) -> float:
        """When everything that was sent had been counted."""
        assert self.truth
        return time.time()

    def _last_scrape(self, at: float) -> float:
        (series,) = self.api.instant("max(timestamp(liquidation_window_events))", at)
        return series.last

    def _has_everything(self) -> bool:
        now = time.time()
        scrapes = {series.labels["job"]: series.last for series in self.api.instant("count_over_time(up[5m])", now)}
        checked = self.api.instant("liquidation_check_last_run_timestamp_seconds", now)
        recorded = self.api.instant("liquidation:event_delay_seconds:p95_5m", now - STEP_S)
        return bool(checked and recorded and scrapes.get("liquidations", 0) >= SCRAPES and min(scrapes.values()) > 1)


@contextmanager
def demo(folder: Path, database: str, role: str, password: str) -> Iterator[Demo]:
    """Run the demo with the history in a database, which the role may read."""
    with ExitStack() as running:
        redis = _started(running, RedisServer(_folder(folder, "redis"), free_port()))
        history = list(past(SEED, until_ms=time.time_ns() // 1_000_000))
        endpoints, end = running.enter_context(simulator(folder, SCENARIO, SEED))
        timescale = {"url": database, "readonly_role": role, "readonly_password": password}
        stores = {"redis": {"url": redis.url}, "timescale": timescale}
        exporter = Exporter(folder, endpoints, stores=stores, check={"interval": CHECK_EVERY})
        exporter.data.mkdir()
        fill(exporter.data / JOURNAL_FILE, history)
        running.enter_context(exporter)
        exporter.start()
        alertmanager = _started(running, Alertmanager(_folder(folder, "alertmanager"), free_port()))
        port = free_port()
        targets = {"liquidations": exporter.port, "alertmanager": alertmanager.port, "prometheus": port}
        places = {job: f"{HOST}:{number}" for job, number in targets.items()}
        prometheus = Prometheus(_folder(folder, "prometheus"), port, places, "http://localhost:3000")
        _started(running, prometheus)
        yield Demo(exporter, Api(prometheus.address), [truthfile.as_truth(event) for event in history], end)


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


def _started(running: ExitStack, service: Service) -> Any:
    running.callback(service.stop)
    service.start()
    return service
