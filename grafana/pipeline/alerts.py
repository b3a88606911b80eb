"""What fires, and whether alerts reach people."""

from grafana.builder import units
from grafana.builder.colours import BAD, GOOD, PLAIN, WATCH
from grafana.builder.fields import Look
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, stat
from grafana.builder.tables import Column, prometheus_table
from grafana.builder.targets import now
from grafana.looks import COUNT, MUST_BE_0
from grafana.pipeline.trust import WATCHDOG
from grafana.queries import in_range

NOT_SCRAPED = "not scraped"
LABELS = {
    "alertname": "Alert",
    "severity": "Severity",
    "exchange": "Exchange",
    "store": "Store",
    "base": "Coin",
    "side": "Side",
}
"""The labels that tell alerts apart, and their columns."""
BY = f"max by ({', '.join(LABELS)})"
STATE = Look(words={2: ("firing", BAD), 1: ("pending", WATCH)})


def _alerts() -> Panel:
    state = f'{BY} (2 * ALERTS{{alertstate="firing", {WATCHDOG}}} or ALERTS{{alertstate="pending", {WATCHDOG}}})'
    return prometheus_table(
        "Alerts",
        "Alerts that fire, or that will when their condition lasts, and since when it holds; alerting/runbooks.md says "
        "what to do about each.",
        [Column(title=title, source=label, left=True) for label, title in LABELS.items()],
        [
            Column(title="State", expr=state, look=STATE, cell="color-text", left=True),
            Column(
                title="Since",
                expr=f"{BY} (1000 * ALERTS_FOR_STATE{{{WATCHDOG}}})",
                look=Look(unit=units.AGO),
                left=True,
            ),
        ],
        sort="-State",
        nothing="Nothing fires.",
    )


def _number(title: str, about: str, expr: str, look: Look) -> tuple[int, Panel]:
    return 2, stat(title, about, [now(expr)], look.but(nothing=NOT_SCRAPED), size=20)


def alerts() -> Section:
    """Return the section about alerts."""
    numbers = [
        _number(
            "Rules failed",
            "Evaluations of rules that failed in the time range.",
            in_range("prometheus_rule_evaluation_failures_total"),
            MUST_BE_0,
        ),
        _number(
            "Active",
            "Alerts that Alertmanager knows, silenced ones included.",
            'sum(alertmanager_alerts{state="active"})',
            COUNT.but(colour=PLAIN),
        ),
        _number(
            "Sent",
            "Notifications that Alertmanager sent in the time range.",
            in_range("alertmanager_notifications_total"),
            COUNT.but(colour=PLAIN),
        ),
        _number(
            "Not sent",
            "Notifications that Alertmanager could not deliver in the time range.",
            in_range("alertmanager_notifications_failed_total"),
            MUST_BE_0,
        ),
        _number(
            "Alertmanager",
            "Whether Alertmanager's configuration in force is the newest.",
            "min(alertmanager_config_last_reload_successful)",
            Look(words={1: ("loaded", GOOD), 0: ("reload failed", BAD)}),
        ),
    ]
    return Section("Alerts", [Row(7, [(14, _alerts()), *numbers])])
