"""Data verification and pipeline: whether the figures can be trusted, and where to look when not."""

from grafana import sql
from grafana.builder import units, variables
from grafana.builder.board import Board
from grafana.builder.colours import BAD
from grafana.builder.fields import Look
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel
from grafana.builder.tables import Column, sql_table
from grafana.looks import DURATION
from grafana.pipeline.alerts import alerts
from grafana.pipeline.exporter import exporter
from grafana.pipeline.feeds import feeds_in_detail
from grafana.pipeline.proof import proof
from grafana.pipeline.stores import journal_and_stores
from grafana.pipeline.trust import trust
from grafana.strip import NO_HISTORY, feeds, history

MOST_GAPS = 200


def _gaps() -> Panel:
    columns = {
        "From": "from_time",
        "Until": "until_time",
        "Lasted": "extract(epoch FROM coalesce(until_time, now()) - from_time)::float8",
        "Exchange": "exchange",
        "Feed": "feed",
        "Reason": "reason",
    }
    time = Look(unit=units.TIME)
    return sql_table(
        "Gaps",
        "The spans within the time range in which a feed was not live, the newest first, as recorded in the history. "
        "What was liquidated there meanwhile is missing, unless a back-fill brought it. Without an end: it lasts.",
        sql.gaps(columns, MOST_GAPS),
        [
            Column(title="From", look=time, left=True),
            Column(title="Until", look=time.but(colour=BAD), left=True),
            Column(title="Lasted", look=DURATION.but(decimals=1)),
            *(Column(title=title, left=True) for title in ("Exchange", "Feed", "Reason")),
        ],
        nothing=f"No gap in the time range, {NO_HISTORY}",
    )


PIPELINE = Board(
    file="pipeline",
    title="Data verification and pipeline",
    about="Whether the figures can be trusted right now, and what is wrong when not.",
    variables=[variables.source("prometheus"), variables.source("timescale")],
    sections=[
        Section("", [feeds(), trust()]),
        feeds_in_detail(),
        proof(),
        journal_and_stores(),
        alerts(),
        exporter(),
        Section("Gaps, from the history (needs TimescaleDB)", [Row(8, [(3, history()), (21, _gaps())])]),
    ],
    span="now-6h",
)
