"""The composition of the stack: which programs, in which order, and what they know of each other."""

from pathlib import Path
from threading import Event

import msgspec

from exporter.errors import UserError
from stack import grafana
from stack.alertmanager import Alertmanager
from stack.database import NAME, READER, Database
from stack.exporter import ROOT, Exporter, Simulator
from stack.grafana import Grafana
from stack.passwords import kept
from stack.programs import has_timescale
from stack.prometheus import Prometheus
from stack.redis import RedisServer
from stack.service import HOST, Service, free_port

PORTS = {"exporter": 10110, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000, "redis": 0, "postgres": 0}
"""The ports that people know; another one is taken when it is not free, or 0."""


class Plan(msgspec.Struct, frozen=True):
    """What is wanted: a folder for everything, and a simulated scenario, or None for the live exchanges.

    `durable` false leaves out what protects the data from a power cut.
    """

    folder: Path
    scenario: str | None
    seed: int
    durable: bool


class Stack:
    """All programs in the order of their start. `remarks` say what is not as in the containers."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        plan.folder.mkdir(parents=True, exist_ok=True)
        self.passwords = kept(plan.folder / "passwords.json")
        self._ports = {name: free_port(port) for name, port in PORTS.items()}
        self.remarks: list[str] = []
        self.database = self._database()
        persistence = ("--appendonly", "yes", "--appendfsync", "everysec" if plan.durable else "no")
        self.redis = RedisServer(*self._place("redis"), *persistence, password=self.passwords.redis)
        exporting = self._exporting()
        self.exporter = exporting[-1]
        self.alertmanager = Alertmanager(*self._place("alertmanager"))
        self.grafana = self._grafana()
        self.prometheus = self._prometheus()
        services = [self.database, self.redis, *exporting, self.alertmanager, self.prometheus, self.grafana]
        self.services = [service for service in services if service]
        self._ended: set[Service] = set()

    def start(self, stop: Event) -> None:
        """Start one after the other, until all answer or `stop` is set; raises `UserError` when one does not.

        Without Grafana there are no boards, which is a remark.
        """
        for service in self.services:
            if stop.is_set():
                return
            try:
                service.start(stop)
            except UserError:
                if service is not self.grafana:
                    raise
                service.stop()
                self._ended.add(service)
                self.remarks.append(f"Grafana does not start, so there are no boards; its log: {service.log}")

    def stop(self) -> None:
        """Stop all of them, the last one first."""
        for service in reversed(self.services):
            service.stop()

    def ended(self) -> list[Service]:
        """Return the services that have ended by themselves since this was asked last."""
        new = [service for service in self.services if service.status is not None and service not in self._ended]
        self._ended.update(new)
        return new

    def _place(self, name: str) -> tuple[Path, int]:
        """Return a folder for a service, which is made when it is missing, and its port."""
        folder = self._plan.folder / name
        folder.mkdir(exist_ok=True)
        return folder, self._ports.get(name, 0)

    def _database(self) -> Database:
        timescale = has_timescale()
        if not timescale:
            self.remarks.append("TimescaleDB is not installed: the history is kept in plain PostgreSQL, and is slower")
        return Database(*self._place("postgres"), self.passwords, timescale=timescale, durable=self._plan.durable)

    def _exporting(self) -> list[Service]:
        """Return the exporter, after the simulated exchanges if those are what it listens to."""
        folder, port = self._place("exporter")
        stores = {
            "LIQ_STORES_REDIS_URL": self.redis.url,
            "LIQ_STORES_TIMESCALE_URL": self.database.writer_url,
            "LIQ_STORES_TIMESCALE_READONLY_ROLE": READER,
            "LIQ_STORES_TIMESCALE_READONLY_PASSWORD": self.passwords.reader,
        }
        if self._plan.scenario is None:
            return [Exporter(folder, port, ROOT / "config.yaml", stores)]
        place, _ = self._place("simulator")
        simulator = Simulator(place, folder / "data", scenario=self._plan.scenario, seed=self._plan.seed)
        return [simulator, Exporter(folder, port, simulator.configuration, stores)]

    def _grafana(self) -> Grafana | None:
        if not grafana.is_installed():
            self.remarks.append("Grafana is not installed: there are no boards; everything else runs")
            return None
        sources = {
            "PROMETHEUS_URL": f"http://{HOST}:{self._ports['prometheus']}",
            "TIMESCALE_ADDRESS": f"{HOST}:{self.database.port}",
            "TIMESCALE_DATABASE": NAME,
            "TIMESCALE_READONLY_ROLE": READER,
            "TIMESCALE_READONLY_PASSWORD": self.passwords.reader,
        }
        return Grafana(*self._place("grafana"), self.passwords.grafana, sources, timescale=self.database.timescale)

    def _prometheus(self) -> Prometheus:
        jobs = {"liquidations": "exporter", "prometheus": "prometheus", "alertmanager": "alertmanager"}
        jobs |= {"grafana": "grafana"} if self.grafana else {}
        targets = {job: f"{HOST}:{self._ports[name]}" for job, name in jobs.items()}
        return Prometheus(*self._place("prometheus"), targets, f"http://localhost:{self._ports['grafana']}")
