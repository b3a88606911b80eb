"""Who plays: the exporter, the two stores, and the proxies between them."""

import resource
import subprocess
from contextlib import suppress

import redis
from prometheus_client.parser import text_string_to_metric_families

from tests.chaos.plan import DATABASE, REDIS
from tests.chaos.proxy import Proxy
from tests.system import processes

ROWS = """
SELECT exchange, instrument, (extract(epoch FROM time) * 1000)::bigint, side, price, quantity, id FROM liquidations
"""
FILE_SIZE = 64 << 10
"""Below what the journal needs: SQLite is then told that the file is too large."""


class Exporter(processes.Exporter):
    """An exporter whose log goes through a pipe, so that a limit on file sizes is not the log's."""

    def __init__(self, tmp_path, endpoints, **config):
        super().__init__(tmp_path, endpoints, **config)
        self._logger = None

    def start(self):
        with self.log.open("ab") as log:
            self._logger = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log)
        command = processes.exporter("--config.file", self.config)
        self.process = subprocess.Popen(command, cwd=processes.ROOT, stderr=self._logger.stdin)
        self._logger.stdin.close()
        processes.until(self.answers, f"the exporter on port {self.port}; its log: {self.log}")

    def kill(self):
        super().kill()
        self._logger.wait()

    def stop(self):
        status = super().stop()
        self._logger.wait()
        return status

    def limit_file_size(self, limit):
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (hard if limit is None else limit, hard))

    def metrics(self):
        """The value of every sample, by name and labels; empty while the exporter does not answer."""
        with suppress(OSError):
            return {
                (sample.name, *sorted(sample.labels.values())): sample.value
                for family in text_string_to_metric_families(self.scrape())
                for sample in family.samples
                if sample.name.startswith(("liquidation_store", "liquidation_journal", "liquidation_events"))
            }
        return {}

    def store_reason(self, store):
        """Why the exporter does not write to a store; empty when it does, or does not answer itself."""
        with suppress(OSError):
            return self.json("/-/ready")["stores"][store]["reason"]
        return ""


class Stage:
    """Everything that runs, by the name of its lane."""

    def __init__(self, folder, endpoints, redis_server, database):
        self.redis = redis_server
        self.database = database
        self._name = database.new_database()
        self.proxies = {REDIS: Proxy(redis_server.port), DATABASE: Proxy(database.port)}
        stores = {
            "redis": {"url": f"redis://127.0.0.1:{self.proxies[REDIS].port}/0"},
            "timescale": {"url": database.url(self._name, port=self.proxies[DATABASE].port)},
        }
        self.exporter = Exporter(folder, endpoints, stores=stores)

    def client(self):
        """A client that reaches Redis past the proxy."""
        return redis.Redis(port=self.redis.port, decode_responses=True)

    def rows(self):
        """Every event in the database: exchange, instrument, time in ms, side, price, quantity, id."""
        return [tuple(row) for row in self.database.execute(ROWS, database=self._name)]

    def close(self):
        self.exporter.__exit__()
        for proxy in self.proxies.values():
            proxy.close()
