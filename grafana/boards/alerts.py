"""Alerts: what fires now, what has fired, and how long it takes until people know."""

from grafana.annotations import OF_THE_MARKET
from grafana.builder import units, variables
from grafana.builder.board import Board
from grafana.builder.colours import BAD, GOOD, PLAIN, SERIES
from grafana.builder.fields import Look
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, over_time, stat, timeline
from grafana.builder.tables import Column, prometheus_table
from grafana.builder.targets import now, series
from grafana.looks import COUNT, DURATION, MUST_BE_0, SHOULD_BE_0
from grafana.pipeline.alerts import LABELS, NOT_SCRAPED, SEVERITIES, alertmanager, delivery, firing
from grafana.queries import above_0, in_range, named
from grafana.strip import WATCHDOG, feeds

FIRING = f'ALERTS{{alertstate="firing", {WATCHDOG}}}'
STEP_S = 15
MOST = 20
SPARSE = "60s"
"""Alertmanager is scraped every 15 s, and a rate needs some scrapes."""
WHAT = ("alertname", "exchange", "store", "base", "side")
MARKET_RULES = '{rule_group=~".*;market"}'
FIRES = Look(words={1: ("firing", BAD), 0: ("nothing fires", PLAIN)}, nothing="none fired")


def _latency(quantile: float, span: str) -> str:
    """Return how long Alertmanager takes until a receiver has a notification."""
    family = "alertmanager_notification_latency_seconds_bucket"
    return f"histogram_quantile({quantile}, sum by (le) (rate({family}[{span}])))"


STEPS = {
    "1 scrape": 'max(prometheus_target_interval_length_seconds{quantile="0.99", interval="5s"})',
    "2 rules, every": f"max(prometheus_rule_group_interval_seconds{MARKET_RULES})",
    "3 rules, evaluated in": f"max(prometheus_rule_group_last_duration_seconds{MARKET_RULES})",
    "4 to Alertmanager": 'max(prometheus_notifications_latency_seconds{quantile="0.99"})',
    "5 to the receiver": _latency(0.99, "$__range"),
}
"""From a scrape to a message, one after the other, each at its slowest."""
IN_ALL = " + ".join(f"(({expr}) > 0 or vector(0))" for expr in STEPS.values())


def _counts() -> list[tuple[int, Panel]]:
    return [
        (
            4,
            stat(
                f"Firing: {severity}",
                f"Alerts of severity {severity} that fire now, without the watchdog, which always does.",
                [now(f'count(ALERTS{{alertstate="firing", severity="{severity}", {WATCHDOG}}}) or vector(0)')],
                COUNT.but(steps=[(None, GOOD if severity == "critical" else PLAIN), (1, colour)]),
                size=26,
            ),
        )
        for severity, colour in SEVERITIES.items()
    ]


def _watchdog() -> Panel:
    return stat(
        "Watchdog",
        "The alert that always fires, so that what waits for it outside raises an alarm when it stays away.",
        [now('max(ALERTS{alertname="Watchdog", alertstate="firing"})')],
        Look(words={1: ("fires", GOOD)}, nothing="MISSING: are the rules loaded?"),
        size=20,
    )


def _muted() -> Panel:
    return stat(
        "Held back",
        "Alerts that Alertmanager knows and tells nobody: silenced, or inhibited by a greater one.",
        [now('sum(alertmanager_alerts{state="suppressed"})')],
        SHOULD_BE_0.but(nothing=NOT_SCRAPED),
        size=26,
    )


def _history() -> Panel:
    labels = ", ".join(f'"{label}"' for label in WHAT)
    firing = f'ALERTS{{alertstate="firing", severity!="info", {WATCHDOG}}}'
    fired = f'max by (what) (label_join({firing}, "what", " ", {labels}))'
    expr = f'{fired} or on () label_replace(vector(0), "what", "nothing", "", "")'
    return timeline(
        "What has fired",
        "Which alerts fired when, each with the exchange, store, coin and side that it is about; without mere news, "
        "such as large orders.",
        [series(expr, "{{what}}", interval=f"{STEP_S}s")],
        FIRES,
    )


def _how_often() -> Panel:
    by = "sum by (alertname, severity)"
    return prometheus_table(
        "How often",
        "How often the condition of each alert began to hold in the time range, and for how long it fired in all: "
        "those of several coins or exchanges are added up.",
        [
            Column(title=LABELS["alertname"], source="alertname", left=True),
            Column(title=LABELS["severity"], source="severity", left=True, width=84),
        ],
        [
            Column(
                title="Times",
                expr=f"{by} (changes(ALERTS_FOR_STATE{{{WATCHDOG}}}[$__range]) + 1)",
                look=COUNT,
                width=70,
            ),
            Column(
                title="Fired for",
                expr=f"{STEP_S} * {by} (count_over_time({FIRING}[$__range:{STEP_S}s]))",
                look=DURATION,
                width=90,
            ),
        ],
        sort="-Times",
        nothing="Nothing has fired in the time range.",
    )


def _steps() -> Panel:
    return prometheus_table(
        "Time to notification",
        "The way of a cascade by the rules, step by step at its slowest (99 %): scrapes, the interval of the "
        "market's rules, their evaluation, to Alertmanager, from there to the receiver. Alertmanager sends alerts of "
        "the market at once. A step without a value has nothing to measure: nothing was sent lately.",
        [Column(title="Step", source="step", left=True)],
        [
            Column(
                title="At most",
                expr=named(STEPS | {"in all": IN_ALL}, "step"),
                look=DURATION.but(decimals=2),
                width=90,
            )
        ],
        sort="Step",
        nothing=NOT_SCRAPED,
    )


def _direct() -> Panel:
    return stat(
        "Told directly",
        "Posts of cascades to Alertmanager by the exporter itself in the time range, ahead of the rules, and those "
        "that failed; they are tried again.",
        [
            now(in_range("liquidation_alert_posts_total"), "posts"),
            now(in_range("liquidation_alert_post_failures_total"), "failed"),
        ],
        MUST_BE_0.but(steps=[(None, PLAIN)]),
        text="value_and_name",
        size=20,
    )


def _sent() -> Panel:
    sent, failed = (in_range(f"alertmanager_notifications_{which}total", "integration") for which in ("", "failed_"))
    used = above_0(sent, ["integration"], MOST)
    return prometheus_table(
        "Notifications",
        "What was sent in the time range, and what could not be delivered, by each way that was used. "
        "docs/alerts.md says how to add a receiver.",
        [Column(title="By", source="integration", left=True)],
        [
            Column(title="Sent", expr=used, look=COUNT, width=70),
            Column(
                title="Failed",
                expr=f"{failed} > 0 or on (integration) 0 * ({used})",
                look=MUST_BE_0,
                cell="color-text",
                width=70,
            ),
        ],
        sort="-Sent",
        nothing=NOT_SCRAPED,
    )


def _latencies() -> Panel:
    return over_time(
        "Delivery time, 99 %",
        "From Prometheus to Alertmanager, and from there to the receivers: 99 of 100 were faster. No line while "
        "nothing is sent.",
        [
            series(
                'max(prometheus_notifications_latency_seconds{quantile="0.99"})', "to Alertmanager", interval=SPARSE
            ),
            series(_latency(0.99, "$__rate_interval"), "to the receiver", interval=SPARSE),
        ],
        Look(unit=units.SECONDS, minimum=0, colour=SERIES, undefined="–", nothing=NOT_SCRAPED),
    )


ALERTS = Board(
    file="alerts",
    title="Alerts",
    about="What fires now, what has fired, and how long it takes until people know.",
    variables=[variables.source("prometheus")],
    sections=[
        Section(
            "",
            [
                feeds(),
                Row(4, [*_counts(), (4, _watchdog()), (4, _muted()), (4, alertmanager())]),
                Row(12, [(24, firing())]),
            ],
        ),
        Section("History", [Row(12, [(15, _history()), (9, _how_often())])]),
        Section(
            "Notifications",
            [Row(9, [(6, _steps()), (6, _latencies()), (5, _sent()), (4, delivery()), (3, _direct())])],
        ),
    ],
    span="now-6h",
    annotations=OF_THE_MARKET,
)
