"""What several boards say first: how the feeds are and the history, so that quiet and broken never look alike."""

from grafana.builder.colours import BAD, GOOD, PLAIN
from grafana.builder.fields import Look
from grafana.builder.layout import Row
from grafana.builder.panels import Panel, stat
from grafana.builder.targets import now
from grafana.links import ALERTS_OF_NUMBER, EVENTS_OF_SERIES, EXCHANGE_OF_SERIES
from grafana.looks import COUNT, STATE
from grafana.queries import STATES, coded

NO_HISTORY = "or there is no history: this needs TimescaleDB."
"""How panels on the history end what they say when they have no rows."""
GAP = "\N{NO-BREAK SPACE}" * 2
"""Between an exchange's name and its state, which Grafana sets without a gap when there is room."""
WATCHDOG = 'alertname!="Watchdog"'
"""The alert that always fires, to prove that alerts arrive, is no trouble."""
FIRING = f'count(ALERTS{{alertstate="firing", severity!="info", {WATCHDOG}}}) or vector(0)'
"""How many alerts fire that want somebody: mere news, such as large orders, are left out."""
FEED_STATE = coded("liquidation_exchange_state", "state", STATES)


def feeds() -> Row:
    """Return the strip with the state of every enabled exchange, and the number of alerts."""
    panel = stat(
        "Feeds",
        "State of every exchange's feeds. Figures of an exchange that is not live are incomplete from that moment on.",
        [now(FEED_STATE, f"{{{{exchange}}}}{GAP}")],
        STATE.but(links=[EXCHANGE_OF_SERIES, EVENTS_OF_SERIES]),
        text="value_and_name",
        centred=True,
        size=18,
    )
    return Row(3, [(21, panel), (3, alerts_firing())])


def alerts_firing() -> Panel:
    """Return how many alerts fire; a click leads to them."""
    return stat(
        "Alerts firing",
        "Warnings and critical alerts that fire now; a click leads to them. 0 also where no rules are loaded.",
        [now(FIRING)],
        COUNT.but(steps=[(None, PLAIN), (1, BAD)], links=[ALERTS_OF_NUMBER], nothing="?"),
        size=26,
    )


def history() -> Panel:
    """Return what says whether there is a history for the panels that read it."""
    return stat(
        "History",
        "Whether the exporter writes the history that these panels read. Without TimescaleDB (or a plain PostgreSQL) "
        "they stay empty and everything else works: docs/storage.md says how to add it.",
        [now('max(liquidation_store_up{store="timescale"})')],
        Look(words={1: ("connected", GOOD), 0: ("down", BAD)}, nothing="needs TimescaleDB: see docs"),
        size=16,
    )
