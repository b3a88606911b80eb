"""Whether the figures can be trusted right now, and the few numbers that decide it."""

from collections.abc import Sequence

from grafana.builder.colours import BAD, GOOD, PLAIN, WATCH
from grafana.builder.fields import Look
from grafana.builder.layout import Row
from grafana.builder.panels import Panel, stat
from grafana.builder.targets import Prom, now
from grafana.looks import DURATION, MUST_BE_0, SHARE, SHOULD_BE_0
from grafana.queries import in_range, named

WRONG, INCOMPLETE, UNPROVEN, GONE = 3, 2, 1, 4

REASONS = {
    "gone": f"{GONE} * absent(liquidation_exporter_build_info)",
    "differs": f'{WRONG} * max(liquidation_check_verdict{{verdict="differs"}})',
    "journal": f"{WRONG} * (1 - min(liquidation_journal_up))",
    "lost": f"{WRONG} * (max(increase(liquidation_journal_dropped_events_total[$__range])) > bool 0)",
    "feeds": f"{INCOMPLETE} * (1 - min(liquidation_exchange_up))",
    "unchecked": f"{UNPROVEN} * absent(liquidation_check_last_run_timestamp_seconds)",
    "overdue": f"{UNPROVEN} * (time() - max(liquidation_check_last_run_timestamp_seconds)"
    " > bool 3 * max(liquidation_check_interval_seconds))",
}
"""Each worth its number when it holds; the largest decides."""

ANSWER = Look(
    words={
        0: ("YES", GOOD),
        UNPROVEN: ("YES, UNPROVEN", WATCH),
        INCOMPLETE: ("INCOMPLETE", WATCH),
        WRONG: ("NO", BAD),
        GONE: ("NO EXPORTER", BAD),
    },
    nothing="NO: is Prometheus running?",
)
COVERAGE = SHARE.but(decimals=2, steps=[(None, BAD), (0.95, WATCH), (0.999, GOOD)])


def coverage(by: str = "") -> str:
    """Return the share of the time range in which feeds were live, for each value of the labels `by`."""
    return f"clamp_min(1 - {in_range('liquidation_exchange_gap_seconds_total', by)} / $__range_s, 0)"


def trust() -> Row:
    """Return the row that answers in five seconds."""
    answer = stat(
        "Trust the figures?",
        "YES: every feed is live, the journal works, nothing was lost in the time range, and journal, stores and "
        "metrics agreed at the last self-check. YES, UNPROVEN: there is no recent self-check. INCOMPLETE: a feed is "
        "not live, so that its exchange is missing from now on. NO: figures differ, or events were lost.",
        [now(f"max({named(REASONS, 'why')})")],
        ANSWER,
        size=26,
    )
    return Row(4, [(6, answer), *_of_feeds_and_figures(), *_of_the_record()])


def _of_feeds_and_figures() -> Sequence[tuple[int, Panel]]:
    return [
        (
            3,
            _number(
                "Feeds not live",
                "Exchanges of which not every feed is live: their liquidations are unknown now, and not zero.",
                now("sum(1 - liquidation_exchange_up)"),
                MUST_BE_0,
            ),
        ),
        (
            3,
            _number(
                "Worst coverage",
                "The share of the time range in which all feeds were live, of the exchange with the least.",
                now(f"min({coverage('exchange')})"),
                COVERAGE,
            ),
        ),
        (
            3,
            _number(
                "Differences",
                "Figures of journal, stores and metrics that were not the journal's at the last self-check.",
                now("sum(liquidation_check_differences)"),
                MUST_BE_0.but(nothing="not checked yet"),
            ),
        ),
        (
            3,
            _number(
                "Checked",
                "Time since the exporter compared journal, stores and its own metrics last.",
                now("time() - max(liquidation_check_last_run_timestamp_seconds)"),
                DURATION.but(decimals=0, nothing="not yet"),
            ),
        ),
    ]


def _of_the_record() -> Sequence[tuple[int, Panel]]:
    return [
        (
            3,
            _number(
                "Events lost",
                "Journal entries lost in the time range because the journal failed and its queue was full.",
                now(in_range("liquidation_journal_dropped_events_total")),
                MUST_BE_0,
            ),
        ),
        (
            3,
            _number(
                "Stores behind",
                "Journal entries that a store does not have yet. The journal keeps them: nothing is lost.",
                now("max(liquidation_store_lag_events)"),
                SHOULD_BE_0.but(steps=[(None, PLAIN), (10_000, WATCH)], nothing="no stores"),
            ),
        ),
    ]


def _number(title: str, about: str, target: Prom, look: Look) -> Panel:
    return stat(title, about, [target], look, size=24)
