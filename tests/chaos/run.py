"""One run: the market opens, everything is broken for a while, everything comes to rest, and the stores are judged."""

import json
import subprocess
import time
from contextlib import ExitStack

from exporter.simulator import truthfile
from tests.chaos import verdict
from tests.chaos.acts import Actors
from tests.chaos.plan import DATABASE, EXPORTER, KILL, REDIS
from tests.chaos.stage import Stage
from tests.system import processes

PROGRESS_S = 5.0
POLL_S = 0.5
SETTLE_S = 4.0
"""Of undisturbed life at the end: events become certain when the exporter lives for 2 s more."""
DRAINED_S = 120.0
STORES = ("redis", "timescale")


class Run:
    """A run of a plan on a stage; `say` takes the lines of its report."""

    def __init__(self, folder, redis_server, database, say):
        self._folder = folder
        self._redis = redis_server
        self._database = database
        self._say = say
        self._started = self._said = time.monotonic()
        self.problems = []
        self.accounts = []

    def play(self, seed, plan):
        """Do it all; afterwards `problems` says what is wrong."""
        with ExitStack() as stack:
            endpoints, end = stack.enter_context(processes.simulator(self._folder, "busy", seed))
            stage = Stage(self._folder, endpoints, self._redis, self._database)
            stack.callback(stage.close)
            stage.exporter.start()
            actors = Actors(stage, plan)
            stack.callback(actors.stop)
            actors.start()
            self._watch(stage, actors)
            self.problems += actors.errors
            self._say_what_happened(plan, actors)
            if not self.problems:
                self._settle(stage, end)
                self._judge(stage)

    def _watch(self, stage, actors):
        while not (actors.done or actors.errors):
            time.sleep(POLL_S)
            self._progress(stage, f"kills {sum(actors.kills.values())}", ", ".join(actors.under_way.values()))

    def _progress(self, stage, *more):
        """Say how it stands, not too often."""
        if time.monotonic() - self._said < PROGRESS_S:
            return
        self._said = time.monotonic()
        metrics = stage.exporter.metrics()
        counted = sum(value for (name, *_), value in metrics.items() if name == "liquidation_events_total")
        parts = [f"events {counted:,.0f}" if metrics else "exporter down"]
        for store in STORES:
            up, lag = (metrics.get((f"liquidation_store_{what}", store)) for what in ("up", "lag_events"))
            if up is not None and lag is not None:
                parts.append(f"{store} {'up' if up else 'DOWN'} lag {lag:,.0f}")
        texts = [text for text in (*more, *parts) if text]
        self._say(f"{time.monotonic() - self._started:5.0f} s  {'  |  '.join(texts)}")

    def _say_what_happened(self, plan, actors):
        kills = ", ".join(f"{name} {number}" for name, number in actors.kills.items())
        self._say(f"killed with -9: {kills}")
        others = sorted(act.kind for acts in plan.values() for act in acts if act.kind != KILL)
        self._say(f"also done: {', '.join(others)}")
        for what, seconds in actors.noticed.items():
            self._say(f"met by the exporter: {what}, after {seconds:.1f} s")
        wanted = {name: sum(act.kind == KILL for act in plan[name]) for name in (EXPORTER, REDIS, DATABASE)}
        if wanted != actors.kills:
            self.problems.append(f"planned kills {wanted}, done {actors.kills}")

    def _settle(self, stage, end):
        """Let everything live, then end the market and wait until all is where it belongs."""
        processes.until(lambda: _all_live(stage.exporter), "all feeds to be live")
        time.sleep(SETTLE_S)
        self._truth = truthfile.read(end())
        stage.exporter.drained()
        deadline = time.monotonic() + DRAINED_S
        while not _drained(stage.exporter.metrics()):
            if time.monotonic() > deadline:
                self.problems.append(f"not drained within {DRAINED_S:g} s")
                break
            time.sleep(POLL_S)
            self._progress(stage, "draining")

    def _judge(self, stage):
        self._check(stage, "while the exporter runs")
        status = stage.exporter.stop()
        if status:
            self.problems.append(f"the exporter ended with {status}")
        if "Traceback" in stage.exporter.log.read_text():
            self.problems.append("the exporter's log has a traceback")
        self._check(stage, "after it was stopped")
        journal = stage.exporter.data / "journal.db"
        with stage.client() as client:
            redis_accounts = verdict.of_redis(client, journal, self._truth)
        self.accounts = [
            verdict.of_journal(journal, self._truth),
            *redis_accounts,
            verdict.of_database(stage.rows(), self._truth),
        ]
        for account in self.accounts:
            self._say(account.line())
            if not account.right:
                self.problems.append(f"{account.store} is wrong")

    def _check(self, stage, when):
        command = processes.exporter("check", "--json", "--config.file", stage.exporter.config)
        done = subprocess.run(command, cwd=processes.ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            self.problems.append(f"check {when}: exit status {done.returncode}: {done.stdout[:3000]}{done.stderr}")
            return
        compared = {each["source"]: each["verdict"] for each in json.loads(done.stdout)["sources"]}
        self._say(f"check {when}: {', '.join(f'{source} {said}' for source, said in compared.items())}")


def _all_live(exporter):
    return all(exchange["state"] == "live" for exchange in exporter.json("/api/v1/exchanges")["exchanges"])


def _drained(metrics):
    return all(
        metrics.get(("liquidation_store_up", store)) == 1.0 and metrics["liquidation_store_lag_events", store] == 0.0
        for store in STORES
    )
