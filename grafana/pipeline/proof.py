"""The proof that the figures are right: the exporter's comparison with itself, and sums that must agree."""

from itertools import pairwise

from grafana.builder.colours import BAD, GOOD, SERIES
from grafana.builder.fields import Look, for_name, looks
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, over_time, stat
from grafana.builder.tables import Column, prometheus_table
from grafana.builder.targets import now, series
from grafana.looks import COUNT, DURATION, MUST_BE_0, SHOULD_BE_0, VERDICT
from grafana.queries import VERDICTS, coded, in_range, named

EXACT = 1e-9
"""Sums of floats depend on their order; figures agree to this, relative."""
ZERO = Look(
    ranges=[(-EXACT, EXACT, "0", GOOD), (None, -EXACT, "NOT 0", BAD), (EXACT, None, "NOT 0", BAD)],
    undefined="no events yet",
)


def _relative(one: str, other: str) -> str:
    return f"abs({one} - {other}) / {one}"


def _shrinking(family: str, by: str) -> str:
    """Return how many windows have more in them than the next longer one."""
    lengths = ("1h", "4h", "12h", "24h")

    def window(length: str) -> str:
        return f'sum by ({by}) ({family}{{window="{length}"}})'

    return " + ".join(f"sum({window(short)} > bool {window(long)})" for short, long in pairwise(lengths))


EVENTS, COIN_EVENTS = "sum(liquidation_events_total)", "sum(liquidation_asset_events_total)"
USD, COIN_USD = "sum(liquidation_notional_usd_total)", "sum(liquidation_asset_notional_usd_total)"

SUMS = {
    "events: exchanges against coins": f"{EVENTS} - {COIN_EVENTS}",
    "events: exchanges against order sizes": f"{EVENTS} - sum(liquidation_size_usd_count)",
    "USD: exchanges against coins": _relative(USD, COIN_USD),
    "USD: exchanges against order sizes": _relative(USD, "sum(liquidation_size_usd_sum)"),
    "24 h beyond the total": 'clamp_min(sum(liquidation_window_events{window="24h"}) - ' + f"{EVENTS}, 0)",
    "windows beyond a longer one": _shrinking("liquidation_window_events", "exchange, side"),
    "coins' windows beyond a longer one": _shrinking("liquidation_asset_window_events", "exchange, base, side"),
    "largest order beyond its total": "sum(max by (exchange, side) (liquidation_largest_usd)"
    f" > bool (1 + {EXACT}) * sum by (exchange, side) (liquidation_notional_usd_total))",
}
"""What must be 0 in every scrape."""


def _sources() -> Panel:
    return prometheus_table(
        "Self-check",
        "What the exporter found when it last compared each source, figure by figure, with its journal, as of the "
        "record that the source had reached. behind, moving, strange, unreachable: it could not be compared. The"
        " command check shows the rows that differ.",
        [Column(title="Source", source="source", left=True)],
        [
            Column(
                title="Verdict",
                expr=coded("liquidation_check_verdict", "verdict", VERDICTS, "source"),
                look=VERDICT,
                cell="color-text",
                left=True,
            ),
            Column(
                title="Differences",
                expr="sum by (source) (liquidation_check_differences)",
                look=MUST_BE_0,
                cell="color-text",
            ),
        ],
        sort="Source",
        nothing="not checked yet: the first check runs 30 s after the start",
    )


def _sums() -> Panel:
    return prometheus_table(
        "Cross-sums",
        "The same thing counted in two ways must give the same. A scrape that was taken in the middle of an event can "
        "be off by that event: only what stays is an error.",
        [Column(title="Must be 0", source="sum", left=True)],
        [Column(title="Is", expr=named(SUMS, "sum"), look=ZERO, cell="color-text", width=80)],
    )


def _over_time() -> Panel:
    return over_time(
        "Differences over time",
        "Figures that differed at each self-check, for each source; no line while it could not be compared.",
        [series("sum by (source) (liquidation_check_differences)", "{{source}}")],
        COUNT.but(decimals=None, colour=SERIES, nothing="not checked yet"),
        style="steps",
    )


def _last() -> Panel:
    return stat(
        "Last self-check",
        "How long ago the last self-check ended, how long it took, and how many in the time range could not be made: "
        "the exporter's log says why.",
        [
            now("time() - max(liquidation_check_last_run_timestamp_seconds)", "ago"),
            now("max(liquidation_check_duration_seconds)", "took"),
            now(in_range("liquidation_check_failures_total"), "failed"),
        ],
        COUNT.but(nothing="not yet"),
        text="value_and_name",
        overrides=[
            for_name("ago", looks(DURATION.but(decimals=0))),
            for_name("took", looks(DURATION.but(decimals=2))),
            for_name("failed", looks(SHOULD_BE_0)),
        ],
        size=18,
    )


def proof() -> Section:
    """Return the section that proves the figures."""
    return Section("Self-check", [Row(10, [(6, _sources()), (8, _sums()), (7, _over_time()), (3, _last())])])
