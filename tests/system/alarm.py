"""From simulated exchanges to a person's webhook, all of it real: market, exporter, Prometheus, Alertmanager."""

import json
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import yaml

from exporter.demo import begin_with_past
from stack.alertmanager import Alertmanager
from stack.exporter import ROOT, Exporter
from stack.programs import environment
from stack.prometheus import ALERTING, Prometheus
from stack.service import HOST, Service, free_port
from tests.system.market import steps_file
from tests.system.processes import exporter as exporter_command
from tests.system.processes import until

ANSWER = b'{"ok": true, "result": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}}'
"""What Telegram answers; a webhook may answer anything."""


class Note(NamedTuple):
    """A notification as it arrived: who it is for, at which Unix time, and its body."""

    receiver: str
    time_s: float
    body: dict

    @property
    def status(self):
        return self.body["status"]

    @property
    def alert(self):
        """The name, base and side of its first alert."""
        labels = self.body["alerts"][0]["labels"]
        return labels["alertname"], labels.get("base", ""), labels.get("side", "")


class Receiver:
    """A webhook and a Telegram on a port of this machine."""

    def __init__(self):
        self.notes = []
        self.telegrams = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", str(len(ANSWER)))
                self.end_headers()
                self.wfile.write(ANSWER)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self.address = f"http://{HOST}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, path, body):
        if path.endswith("/sendMessage"):
            self.telegrams.append(json.loads(body)["text"])
        else:
            self.notes.append(Note(path.strip("/"), time.time(), json.loads(body)))

    def of(self, receiver, *alert):
        """The statuses of the notifications for a receiver, of one alert when it is named."""
        return [note.status for note in self.notes if note.receiver == receiver and (not alert or note.alert == alert)]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class Market(Service):
    """Simulated exchanges with a script of `tests.system.market`."""

    name = "market"

    def __init__(self, folder, script):
        super().__init__(folder, 0)
        self.configuration = folder / "endpoints.yaml"
        self._script = script

    def command(self):
        return [sys.executable, "-m", "tests.system.market", self._script, self.configuration]

    def environment(self):
        return environment() | {"PYTHONPATH": str(ROOT)}

    def answers(self):
        return self.configuration.exists()

    def go_on(self):
        """Let the script leave the place where it waits."""
        with steps_file(self.configuration).open("a") as steps:
            steps.write("x")


class Told(Prometheus):
    """Prometheus on the committed rules, which tells several Alertmanagers.

    With `hasten` no group of rules waits for more than five seconds, and the alerts that it names for little more, so
    that a test need not wait; without it everything is as it is shipped.
    """

    def __init__(self, folder, port, targets, alertmanagers, hasten):
        super().__init__(folder, port, targets | {"alertmanager": alertmanagers[0]}, "http://board")
        self._alertmanagers = alertmanagers
        self._hasten = hasten

    def command(self):
        command = super().command()
        with changed(self.folder / "prometheus.yml") as tree:
            tree["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": self._alertmanagers}]}]
        for path in (self.folder / "rules").iterdir() if self._hasten is not None else ():
            with changed(path) as tree:
                for group in tree["groups"]:
                    group["interval"] = "5s"
                    for rule in group["rules"]:
                        if rule.get("alert") in self._hasten:
                            rule["for"] = "10s"
        return command


@contextmanager
def changed(path):
    """A YAML file as a tree that may be changed."""
    tree = yaml.safe_load(path.read_text())
    yield tree
    path.write_text(yaml.safe_dump(tree, sort_keys=False))


class Way:
    """How alerts reach people: an Alertmanager, and a webhook behind it."""

    def __init__(self, folder, *, inhibit, hasty):
        folder.mkdir()
        self.receiver = Receiver()
        configuration = folder / "alertmanager.yml"
        configuration.write_text(yaml.safe_dump(with_receivers(self.receiver.address, inhibit=inhibit, hasty=hasty)))
        self.alertmanager = Alertmanager(folder, free_port(), configuration)


RULES, FAST = "by rules", "fast path as well"
WAYS = (RULES, FAST)
"""Prometheus tells both ways, the exporter the second one as well."""


class Alarm:
    """The whole chain in a folder; `settings` of the exporter by environment. Stops everything at the end.

    `inhibit` false takes the inhibition out; `hasten` shortens the waits of the operators' alerts, most those it names.
    """

    def __init__(self, folder, script, *, ways=WAYS, inhibit=True, hasten=None, **settings):
        self._exits = ExitStack()
        self.ways = {way: Way(folder / way, inhibit=inhibit, hasty=hasten is not None) for way in ways}
        places = {}
        for name in ("market", "exporter", "prometheus"):
            places[name] = folder / name
            places[name].mkdir()
        self.market = Market(places["market"], script)
        if FAST in ways:
            settings["LIQ_ALERTS_ALERTMANAGER"] = self.ways[FAST].alertmanager.address
        self.exporter = Exporter(places["exporter"], free_port(), self.market.configuration, settings)
        alertmanagers = [way.alertmanager for way in self.ways.values()]
        port = free_port()
        self.prometheus = Told(
            places["prometheus"],
            port,
            {"liquidations": f"{HOST}:{self.exporter.port}", "prometheus": f"{HOST}:{port}"},
            [f"{HOST}:{each.port}" for each in alertmanagers],
            hasten,
        )
        self._services = [*alertmanagers, self.market, self.exporter, self.prometheus]

    @property
    def receivers(self):
        """What people were told, by way."""
        return {name: way.receiver for name, way in self.ways.items()}

    def __enter__(self):
        begin_with_past(self.exporter.data, 1)
        for way in self.ways.values():
            self._exits.callback(way.receiver.stop)
        try:
            for service in self._services:
                self._exits.callback(service.stop)
                service.start()
            until(self.sees, "the exporter to see the market", 120)
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(self, *_):
        self._exits.close()

    def sees(self):
        """Whether every exchange is live, the signals are up to date, and Prometheus knows it."""
        live = all(each["state"] == "live" for each in self.json(self.exporter, "/api/v1/exchanges")["exchanges"])
        return live and self.holds("min(liquidation_market_cascade_level) >= 0")

    def holds(self, expression):
        """Whether a PromQL expression has a result."""
        query = urllib.parse.urlencode({"query": expression})
        return bool(self.json(self.prometheus, f"/api/v1/query?{query}")["data"]["result"])

    def json(self, service, path):
        with urllib.request.urlopen(f"{service.address}{path}", timeout=60) as answer:
            return json.load(answer)

    def critical_ms(self):
        """When each (base, side) became critical by its event's time, from a replay of what the journal recorded."""
        data = ("--data.dir", self.exporter.data)
        dump = self.exporter.folder / "dump.jsonl"
        with dump.open("wb") as file:
            subprocess.run(exporter_command("export", "--format", "journal", *data), cwd=ROOT, stdout=file, check=True)
        replay = exporter_command("replay", dump, "--json")
        said = subprocess.run(replay, cwd=ROOT, capture_output=True, check=True).stdout
        found = {}
        for each in json.loads(said)["levels"]:
            if each["level"] == 3:
                found.setdefault((each["base"], each["side"]), each["time_ms"])
        return found


def with_receivers(address, *, inhibit=True, hasty=False):
    """The committed configuration with receivers on this machine."""
    tree = yaml.safe_load((ALERTING / "alertmanager.yml").read_text())
    tree["templates"] = [str(ALERTING / "templates/*.tmpl")]
    if not inhibit:
        tree["inhibit_rules"] = []
    if hasty:
        tree["route"] |= {"group_wait": "5s", "group_interval": "5s"}
    telegram = {
        "api_url": address,
        "bot_token": "token",
        "chat_id": 1,
        "parse_mode": "HTML",
        "send_resolved": True,
        "message": '{{ template "liquidations.telegram" . }}',
    }
    for receiver in tree["receivers"]:
        name = receiver["name"]
        receiver["webhook_configs"] = [{"url": f"{address}/{name}", "send_resolved": name != "dead-man"}]
        if name == "traders":
            receiver["telegram_configs"] = [telegram]
    return tree
