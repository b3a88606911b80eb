"""What fires, and whether alerts reach people."""

from grafana.builder import units
from grafana.builder.colours import BAD, GOOD, PLAIN, SERIOUS, WATCH
from grafana.builder.fields import Look, for_name, looks
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, stat
from grafana.builder.tables import Column, prometheus_table
from grafana.builder.targets import now
from grafana.looks import COUNT, MUST_BE_0
from grafana.queries import in_range
from grafana.strip import WATCHDOG

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
SEVERITIES = {"critical": BAD, "warning": SERIOUS, "info": WATCH}
STATES = ("nothing fires", "pending", *reversed(SEVERITIES))
"""What is more urgent has a larger number, so that it stands above the rest."""
STATE = Look(
    words={
        number: ("firing", SEVERITIES[each]) if each in SEVERITIES else (each, PLAIN)
        for number, each in enumerate(STATES)
    }
)


def _or_nothing(alerts: str, value: str) -> str:
    """Return a single line where there are no alerts: Grafana 9 takes an empty answer for an error."""
    return f'{alerts} or on () label_replace(vector({value}), "alertname", "none", "", "")'


def firing() -> Panel:
    """Return the table of the alerts that fire or are about to."""
    parts = [
        f'{number} * ALERTS{{alertstate="firing", severity="{severity}", {WATCHDOG}}}'
        for number, severity in enumerate(STATES)
        if severity in SEVERITIES
    ]
    pending = f'ALERTS{{alertstate="pending", {WATCHDOG}}}'
    state = _or_nothing(f"{BY} ({' or '.join([*parts, pending])})", "0")
    return prometheus_table(
        "Alerts",
        "Alerts that fire, or that will when their condition lasts, and since when it holds; alerting/runbooks.md says "
        "what to do about each.",
        [Column(title=title, source=label, left=True) for label, title in LABELS.items()],
        [
            Column(title="State", expr=state, look=STATE, cell="color-text", left=True),
            Column(
                title="Since",
                expr=_or_nothing(f"{BY} (1000 * ALERTS_FOR_STATE{{{WATCHDOG}}})", "NaN"),
                look=Look(unit=units.AGO, undefined="–"),
                left=True,
            ),
        ],
        sort="-State",
        nothing="Nothing fires.",
    )


def delivery() -> Panel:
    """Return what became of the alerts."""
    failed = "rules failed", "not sent"
    return stat(
        "Delivery",
        "Evaluations of rules that failed in the time range; alerts that Alertmanager knows, silenced ones included; "
        "notifications in the time range that it sent, and that it could not deliver.",
        [
            now(in_range("prometheus_rule_evaluation_failures_total"), "rules failed"),
            now('sum(alertmanager_alerts{state="active"})', "active"),
            now(in_range("alertmanager_notifications_total"), "sent"),
            now(in_range("alertmanager_notifications_failed_total"), "not sent"),
        ],
        COUNT.but(nothing=NOT_SCRAPED),
        text="value_and_name",
        overrides=[for_name(name, looks(MUST_BE_0)) for name in failed],
        size=18,
    )


def alertmanager() -> Panel:
    """Return whether Alertmanager runs on its newest configuration."""
    return stat(
        "Alertmanager",
        "Whether Alertmanager's configuration in force is the newest that was asked for.",
        [now("min(alertmanager_config_last_reload_successful)")],
        Look(words={1: ("loaded", GOOD), 0: ("reload failed", BAD)}, nothing=NOT_SCRAPED),
        size=20,
    )


def alerts() -> Section:
    """Return the section about alerts."""
    return Section("Alerts", [Row(7, [(15, firing()), (6, delivery()), (3, alertmanager())])])
