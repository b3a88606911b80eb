"""Where events go: the journal first, then the stores that follow it."""

from grafana.builder import units
from grafana.builder.colours import BAD, GOOD, PLAIN, SERIES, WATCH
from grafana.builder.fields import Look
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, over_time, stat
from grafana.builder.tables import Column, prometheus_table
from grafana.builder.targets import now, series
from grafana.looks import BYTES, COUNT, DURATION, MUST_BE_0, SHOULD_BE_0
from grafana.queries import in_range

NO_STORES = "No stores: the journal keeps everything. docs/storage.md says how to add Redis and TimescaleDB."
UP = Look(words={1: ("up", GOOD), 0: ("down", BAD)})
LEADER = Look(words={1: ("writes", GOOD), 0: ("another, or none", WATCH)})


def _write(quantile: float) -> str:
    rates = "sum by (store, le) (rate(liquidation_store_write_seconds_bucket[$__rate_interval]))"
    return f"histogram_quantile({quantile}, {rates})"


def _stores() -> Panel:
    return prometheus_table(
        "Stores",
        "The stores that are configured: whether they answer, whether this exporter writes to them, how many journal "
        "entries they lack, how long a batch takes, failed attempts in the time range, and the last success.",
        [Column(title="Store", source="store", left=True)],
        [
            Column(title="State", expr="max by (store) (liquidation_store_up)", look=UP, cell="color-text", left=True),
            Column(
                title="Writer",
                expr="max by (store) (liquidation_store_leader)",
                look=LEADER,
                cell="color-text",
                left=True,
            ),
            Column(title="Behind by", expr="max by (store) (liquidation_store_lag_events)", look=COUNT),
            Column(title="Write p50", expr=_write(0.5), look=DURATION),
            Column(title="Write p99", expr=_write(0.99), look=DURATION),
            Column(
                title="Failures",
                expr=in_range("liquidation_store_failures_total", "store"),
                look=SHOULD_BE_0,
                cell="color-text",
            ),
            Column(
                title="Last success",
                expr="min by (store) (time() - liquidation_store_last_success_timestamp_seconds)",
                look=DURATION.but(decimals=1, steps=[(None, PLAIN), (30, WATCH)]),
                cell="color-text",
            ),
        ],
        sort="Store",
        nothing=NO_STORES,
    )


def _lag() -> Panel:
    return over_time(
        "Stores behind",
        "Journal entries that each store does not have yet.",
        [series("max by (store) (liquidation_store_lag_events)", "{{store}}")],
        COUNT.but(decimals=None, colour=SERIES, nothing=NO_STORES),
    )


def _write_time() -> Panel:
    return over_time(
        "Write time, 99 %",
        "How long a store took for a batch: 99 of 100 were faster. No line while nothing was written.",
        [series(_write(0.99), "{{store}}", interval="15s")],
        Look(unit=units.SECONDS, minimum=0, colour=SERIES, undefined="–", nothing=NO_STORES),
    )


def _commit_time() -> Panel:
    def quantile(family: str, share: float) -> str:
        return f"histogram_quantile({share}, sum by (le) (rate({family}_bucket[$__rate_interval])))"

    return over_time(
        "Time through the exporter, 99 %",
        "commit: from a liquidation's arrival until it is durably in the journal. processing: the processor's time for "
        "one liquidation.",
        [
            series(quantile("liquidation_commit_seconds", 0.99), "commit", interval="15s"),
            series(quantile("liquidation_processing_seconds", 0.99), "processing", interval="15s"),
        ],
        Look(unit=units.SECONDS, minimum=0, colour=SERIES, undefined="–"),
    )


def _journal() -> list[tuple[int, Panel]]:
    return [
        (
            2,
            stat(
                "Journal",
                "Whether the journal can be written. While it cannot, events wait in memory.",
                [now("min(liquidation_journal_up)")],
                UP,
                size=20,
            ),
        ),
        (
            2,
            stat(
                "Queue",
                "Journal entries in memory that wait for their commit.",
                [now("sum(liquidation_journal_queue_events)")],
                SHOULD_BE_0.but(steps=[(None, PLAIN), (1000, WATCH)]),
                size=20,
            ),
        ),
        (
            2,
            stat(
                "Lost",
                "Journal entries lost in the time range because the journal failed and its queue was full.",
                [now(in_range("liquidation_journal_dropped_events_total"))],
                MUST_BE_0,
                size=20,
            ),
        ),
        (
            2,
            stat(
                "Size",
                "Size of the journal's files.",
                [now("sum(liquidation_journal_size_bytes)")],
                BYTES,
                size=20,
            ),
        ),
    ]


def journal_and_stores() -> Section:
    """Return the section about journal and stores."""
    return Section(
        "Journal and stores",
        [
            Row(5, [*_journal(), (16, _stores())]),
            Row(7, [(8, _commit_time()), (8, _write_time()), (8, _lag())]),
        ],
    )
