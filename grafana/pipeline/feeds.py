"""The feeds: how each is now, what it did in the time range, and how both went on over time."""

from grafana.builder import units
from grafana.builder.colours import PLAIN, WATCH
from grafana.builder.fields import Look
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, over_time, timeline
from grafana.builder.tables import Column, prometheus_table
from grafana.builder.targets import series
from grafana.links import EVENTS_OF_ROW, EXCHANGE_OF_ROW
from grafana.looks import COUNT, DURATION, EXCHANGE_LINES, PUBLISHES, RATE, SHOULD_BE_0, STATE
from grafana.pipeline.trust import COVERAGE, coverage
from grafana.queries import above_0, in_range, published
from grafana.strip import FEED_STATE

MOST = 20
"""Rows of the tables of reasons."""
SILENT_S = 30
"""A feed that says nothing for so long deserves a look; each exchange's own limit makes it silent."""
SILENCE = DURATION.but(steps=[(None, PLAIN), (SILENT_S, WATCH)])
DELAY = "liquidation_exchange_event_delay_seconds_bucket"
DELAY_RECORDED = "liquidation:event_delay_seconds:p95_5m"
"""Recorded by Prometheus, because a quantile over a day of every exchange takes long."""
CLOCK = "max by (exchange) (liquidation_exchange_clock_offset_seconds)"
CALLS = "max by (exchange) (liquidation_exchange_backfill_pending_requests)"
PENDING = "sum by (exchange) (liquidation_pending_events)"


def _delay(quantile: float) -> str:
    return f"histogram_quantile({quantile}, sum by (exchange, le) (rate({DELAY}[$__rate_interval])))"


def _since(what: str) -> str:
    return f"min by (exchange) (time() - liquidation_exchange_last_{what}_timestamp_seconds)"


def _feeds() -> Panel:
    return prometheus_table(
        "Feeds in detail",
        "Now: state, what is published, time since the newest message (heard) and the newest liquidation (event), "
        "the exchange's clock against ours, liquidations that wait for the facts of their contract (pending). Last "
        "minutes: median and 99 % delay of liquidations. Time range: share of the time in which all feeds were "
        "live (live %), time in which not (gap), how much of it was asked for afterwards (filled) and the calls that "
        "are left to make, messages that could not be read (errors) or of an unknown kind, liquidations that came "
        "again (and count once) or late (over 60 s).",
        [
            Column(
                title="Exchange",
                source="exchange",
                left=True,
                width=105,
                links=[EXCHANGE_OF_ROW, EVENTS_OF_ROW],
            )
        ],
        [*_now(), *_in_time_range()],
        sort="Exchange",
    )


def _now() -> list[Column]:
    return [
        Column(title="State", expr=FEED_STATE, look=STATE, cell="color-text", left=True, width=90),
        Column(title="Publishes", expr=published(), look=PUBLISHES, left=True, width=172),
        Column(title="Heard", expr=_since("message"), look=SILENCE, cell="color-text"),
        Column(title="Event", expr=_since("event"), look=DURATION.but(decimals=0)),
        Column(title="p50", expr=_delay(0.5), look=DURATION, width=68),
        Column(title="p99", expr=_delay(0.99), look=DURATION, width=68),
        Column(title="Clock", expr=CLOCK, look=DURATION.but(minimum=None)),
        Column(title="Pending", expr=PENDING, look=SHOULD_BE_0, cell="color-text", width=74),
    ]


def _in_time_range() -> list[Column]:
    def counted(title: str, family: str, look: Look, width: int) -> Column:
        expr = in_range(f"liquidation_exchange_{family}_total", "exchange")
        return Column(title=title, expr=expr, look=look, cell="color-text", width=width)

    gap = DURATION.but(decimals=1, steps=[(None, PLAIN), (1, WATCH)])
    return [
        Column(title="Live %", expr=coverage("exchange"), look=COVERAGE.but(decimals=1), cell="color-text"),
        counted("Gap", "gap_seconds", gap, 72),
        counted("Filled", "filled_gap_seconds", DURATION.but(decimals=1), 72),
        Column(title="Calls", expr=CALLS, look=COUNT, width=56),
        counted("Errors", "parse_errors", SHOULD_BE_0, 64),
        counted("Unknown", "unknown_frames", SHOULD_BE_0, 80),
        counted("Again", "duplicates", COUNT, 58),
        counted("Late", "late_events", SHOULD_BE_0, 52),
    ]


def _states() -> Panel:
    about = "State of every exchange's feeds over time. Figures lack an exchange while it is not live."
    states = [series(FEED_STATE, "{{exchange}}")]
    return timeline("Feed states", about, states, STATE.but(nothing="not scraped"))


def _delays() -> Panel:
    return over_time(
        "Delay of liquidations, 95 %",
        "From a liquidation's time at the exchange to its arrival: 95 of 100 came faster, in the five minutes before. "
        "Back-filled ones are left out; no line while there are none. It is the figure of the alert EventDelay.",
        [series(f"max by (exchange) ({DELAY_RECORDED})", "{{exchange}}", interval="15s")],
        Look(unit=units.SECONDS, minimum=0, undefined="–", nothing="needs the recording rules"),
        legend="table",
        totals=["lastNotNull", "max"],
        overrides=EXCHANGE_LINES,
    )


def _messages() -> Panel:
    rate = "sum by (exchange) (rate(liquidation_exchange_frames_total[$__rate_interval]))"
    return over_time(
        "Messages",
        "Messages of each exchange a second: also where nothing is liquidated, the control stream must go on.",
        [series(rate, "{{exchange}}", interval="15s")],
        RATE,
        legend="table",
        totals=["lastNotNull", "min"],
        overrides=EXCHANGE_LINES,
    )


def _reasons(title: str, about: str, family: str, label: str = "reason", look: Look = SHOULD_BE_0) -> Panel:
    total = f"sum by (exchange, {label}) (liquidation_exchange_{family}_total)"
    return prometheus_table(
        title,
        about,
        [
            Column(title="Exchange", source="exchange", left=True, width=84),
            Column(title=label.capitalize(), source=label, left=True),
        ],
        [Column(title="Times", expr=above_0(total, ("exchange", label), MOST), look=look, cell="color-text", width=70)],
        sort="-Times",
    )


def feeds_in_detail() -> Section:
    """Return the section about the feeds; twelve exchanges fit without scrolling."""
    reconnects = (
        "Why sockets were replaced since the exporter was started, the most frequent first. rotation is planned and "
        "without a gap."
    )
    out = (
        "What is in no total, by what it is, since the exporter was started: contracts on shares, metals, indices and "
        "currencies (feeds.asset_classes says which count), and closures that are no liquidations."
    )
    aside = "Why messages, rows and events were put aside since the exporter was started; the journal has samples."
    return Section(
        "Feeds",
        [
            Row(14, [(24, _feeds())]),
            Row(10, [(12, _states()), (12, _delays())]),
            Row(
                10,
                [
                    (9, _messages()),
                    (5, _reasons("Sockets replaced", reconnects, "reconnects")),
                    (5, _reasons("Put aside", aside, "quarantined")),
                    (5, _reasons("Left out", out, "excluded", "kind", COUNT)),
                ],
            ),
        ],
    )
