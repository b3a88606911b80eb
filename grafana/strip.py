"""What several boards say first: how the feeds are and the history, so that quiet and broken never look alike."""

from grafana.builder.colours import BAD, GOOD
from grafana.builder.fields import Look
from grafana.builder.layout import Row
from grafana.builder.panels import Panel, stat
from grafana.builder.targets import now
from grafana.links import EVENTS_OF_SERIES
from grafana.looks import STATE
from grafana.queries import STATES, coded

NO_HISTORY = "or there is no history: this needs TimescaleDB."
"""How panels on the history end what they say when they have no rows."""
GAP = "\N{NO-BREAK SPACE}" * 2
"""Between an exchange's name and its state, which Grafana sets without a gap when there is room."""
FEED_STATE = coded("liquidation_exchange_state", "state", STATES)


def feeds() -> Row:
    """Return the strip with the state of every enabled exchange."""
    panel = stat(
        "Feeds",
        "State of every exchange's feeds. Figures of an exchange that is not live are incomplete from that moment on.",
        [now(FEED_STATE, f"{{{{exchange}}}}{GAP}")],
        STATE.but(links=[EVENTS_OF_SERIES]),
        text="value_and_name",
        centred=True,
        size=18,
    )
    return Row(3, [(24, panel)])


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
