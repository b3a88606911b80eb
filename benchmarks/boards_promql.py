"""Every PromQL of every board over a day of twelve exchanges and 300 coins, as Grafana sends it.

A board's figure is the sum of all its queries, one after the other; the goal is a second. Graphs have a point a minute.
"""

import tempfile
import time
from pathlib import Path

from benchmarks.history_push import CHOSEN, push
from benchmarks.report import Progress, Row, at_most, info
from stack.prometheus import Prometheus
from stack.service import free_port
from tests.boards.choices import combinations
from tests.boards.committed import BOARDS, CommittedBoard, Query
from tests.boards.prometheus_api import Api
from tests.boards.substitution import Span, Variables, promql

GOAL_MS = 1_000
DAY_S = 86_400
STEP_S = 60
ROUNDS = 5


class Receiver(Prometheus):
    """A Prometheus that takes what is written to it and nothing else: it has no targets and no rules."""

    def command(self) -> list[str | Path | int]:
        command = super().command()
        (self.folder / "prometheus.yml").write_text("global: {}\n")
        return [*command, "--web.enable-remote-write-receiver"]


def run(progress: Progress) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        server = Receiver(Path(folder), free_port(), {"alertmanager": "127.0.0.1:9"}, "http://localhost:3000")
        try:
            server.start()
            end_s = int(time.time()) // STEP_S * STEP_S
            series, samples = push(server.address, end_s, DAY_S, progress)
            rows = [info("series", "", [series]), info("samples", "million", [samples / 1e6])]
            return rows + [
                row for board in BOARDS.values() for row in measured(Api(server.address), board, end_s, progress)
            ]
        finally:
            server.stop()


def measured(api: Api, board: CommittedBoard, end_s: int, progress: Progress) -> list[Row]:
    """Measure the sum of a board's queries, and the slowest panel of it."""
    progress(board.file)
    choice = next(combinations(board.variables, lambda metric, label: offered(api, metric, label)))
    span = Span(end_s - DAY_S, end_s, STEP_S)
    queries = [(panel, query) for panel in board.panels for query in panel.queries if not query.is_sql]
    rounds = [[taken(api, query, choice, board, span) for _, query in queries] for _ in range(ROUNDS)]
    slowest = max(range(len(queries)), key=lambda index: min(times[index] for times in rounds))
    return [
        at_most(f"{board.file}: {len(queries)} queries in all", "ms", [sum(times) for times in rounds], GOAL_MS),
        info(f"its slowest: {queries[slowest][0].title}", "ms", [times[slowest] for times in rounds]),
    ]


def offered(api: Api, metric: str, label: str) -> list[str]:
    return api.label_values(metric, label) or [CHOSEN]


def taken(api: Api, query: Query, choice: Variables, board: CommittedBoard, span: Span) -> float:
    text = promql(query.text, choice, board.variables, span)
    started = time.perf_counter()
    if query.is_range:
        api.range(text, span.start, span.end, span.step)
    else:
        api.instant(text, span.end)
    return (time.perf_counter() - started) * 1000
