"""The acts of a plan, done to the stage: one thread per lane."""

import threading
import time
from contextlib import suppress

import redis

from tests.chaos.plan import DATABASE, EXPORTER, KILL, NETWORK, REDIS
from tests.chaos.stage import FILE_SIZE

NOTICED_S = 120.0
"""How long the exporter may take to meet what was done to a store; it may be down itself meanwhile."""


class Actors:
    """Carries out a plan and tells how far it is."""

    def __init__(self, stage, plan):
        self.kills = dict.fromkeys((EXPORTER, REDIS, DATABASE), 0)
        self.under_way = {}
        self.noticed = {}
        """How many seconds it took until the exporter met what was done, by act."""
        self.errors = []
        self._stage = stage
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._play, args=(lane, plan[lane]), daemon=True) for lane in plan]

    def start(self):
        for thread in self._threads:
            thread.start()

    @property
    def done(self):
        return not any(thread.is_alive() for thread in self._threads)

    def stop(self):
        """End early, after the acts under way."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _play(self, lane, acts):
        play = {EXPORTER: self._exporter, REDIS: self._redis, DATABASE: self._database, NETWORK: self._network}[lane]
        try:
            for act in acts:
                if self._over.wait(act.after):
                    return
                self.under_way[lane] = f"{act.kind} {lane}" if act.kind == KILL else act.kind
                play(act)
                del self.under_way[lane]
        except Exception as error:  # noqa: BLE001 - whatever goes wrong on a thread is the run's result
            self.errors.append(f"{lane}: {self.under_way.get(lane)}: {type(error).__name__}: {error}")

    def _kill(self, lane, target, act):
        target.kill()
        self.kills[lane] += 1
        time.sleep(act.lasts)
        target.start()

    def _exporter(self, act):
        exporter = self._stage.exporter
        if act.kind == KILL:
            self._kill(EXPORTER, exporter, act)
            return
        exporter.limit_file_size(FILE_SIZE)
        self._until_noticed(act.kind, lambda: exporter.metrics().get(("liquidation_journal_up",)) == 0.0)
        time.sleep(act.lasts)
        exporter.limit_file_size(None)
        self._until_noticed("the journal's recovery", self._journal_recovered)

    def _journal_recovered(self):
        metrics = self._stage.exporter.metrics()
        return metrics.get(("liquidation_journal_up",)) == 1.0 and metrics["liquidation_journal_queue_events",] < 100

    def _redis(self, act):
        stage = self._stage
        if act.kind == KILL:
            self._kill(REDIS, stage.redis, act)
            return
        with stage.client() as client:
            if act.kind == "flush":
                client.flushall()
                self._until_noticed(act.kind, lambda: _flushed_is_back(client))
                return
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1mb")
            self._until_noticed(act.kind, lambda: "maxmemory" in stage.exporter.store_reason("redis"))
            time.sleep(act.lasts)
            client.config_set("maxmemory", "0")

    def _database(self, act):
        database = self._stage.database
        if act.kind == KILL:
            self._kill(DATABASE, database, act)
            return
        database.execute("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        self._until_noticed(act.kind, lambda: "read-only" in self._stage.exporter.store_reason("timescale"))
        time.sleep(act.lasts)
        database.execute("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")

    def _network(self, act):
        what, _, whom = act.kind.rpartition(" ")
        proxy = self._stage.proxies[whom]
        {"cut": proxy.cut, "silence": proxy.silence, "lose answers of": proxy.lose_answers}[what]()
        time.sleep(act.lasts)
        proxy.restore()

    def _until_noticed(self, what, noticed):
        started = time.monotonic()
        while not noticed():
            if time.monotonic() - started > NOTICED_S:
                raise AssertionError(f"nothing came of it within {NOTICED_S:g} s")
            time.sleep(0.1)
        self.noticed[what] = time.monotonic() - started


def _flushed_is_back(client):
    with suppress(redis.ConnectionError):
        return client.hget("liq:meta", "state") == "ready"
    return False
