"""From simulated exchanges to a person's webhook, all of it real: market, exporter, Prometheus, Alertmanager."""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import yaml

from exporter.demo import begin_with_past
from stack.alertmanager import Alertmanager
from stack.exporter import ROOT, Exporter, _ours
from stack.prometheus import ALERTING, Prometheus
from stack.service import HOST, Service, free_port
from tests.system.processes import exporter as exporter_command

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
        return _ours({})

    def answers(self):
        return self.configuration.exists()


class Hasty(Prometheus):
    """Prometheus on the committed rules whose longest waits are a few seconds, so that a test need not wait as long."""

    def command(self):
        command = super().command()
        for path in (self.folder / "rules").iterdir():
            path.write_text(path.read_text().replace("for: 2m\n", "for: 15s\n").replace("for: 1m\n", "for: 10s\n"))
        return command


class Alarm:
    """The whole chain in a folder; `settings` of the exporter by environment. Stops everything at the end.

    `inhibit` false takes the inhibition out; `hasty` shortens the waits of the operators' alerts.
    """

    def __init__(self, folder, script, *, inhibit=True, fast=False, hasty=False, **settings):
        self._exits = ExitStack()
        places = {}
        for name in ("market", "exporter", "prometheus", "alertmanager"):
            places[name] = folder / name
            places[name].mkdir()
        ports = {name: free_port() for name in ("exporter", "prometheus", "alertmanager")}
        self.receiver = Receiver()
        self._exits.callback(self.receiver.stop)
        configuration = folder / "alertmanager.yml"
        configuration.write_text(yaml.safe_dump(with_receivers(self.receiver.address, inhibit=inhibit, hasty=hasty)))
        self.alertmanager = Alertmanager(places["alertmanager"], ports["alertmanager"], configuration)
        self.market = Market(places["market"], script)
        if fast:
            settings["LIQ_ALERTS_ALERTMANAGER"] = self.alertmanager.address
        self.exporter = Exporter(places["exporter"], ports["exporter"], self.market.configuration, settings)
        targets = {name: f"{HOST}:{port}" for name, port in ports.items()}
        jobs = {"liquidations": "exporter", "prometheus": "prometheus", "alertmanager": "alertmanager"}
        self.prometheus = (Hasty if hasty else Prometheus)(
            places["prometheus"],
            ports["prometheus"],
            {job: targets[name] for job, name in jobs.items()},
            "http://board",
        )
        self._services = [self.alertmanager, self.market, self.exporter, self.prometheus]

    def __enter__(self):
        begin_with_past(self.exporter.data, 1)
        try:
            for service in self._services:
                self._exits.callback(service.stop)
                service.start()
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(self, *_):
        self._exits.close()

    def json(self, service, path):
        with urllib.request.urlopen(f"{service.address}{path}", timeout=10) as answer:
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
