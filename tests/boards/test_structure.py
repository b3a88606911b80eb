"""Rules that every board keeps: those of grafana/dashboard-linter, and the project's own."""

import json
import re
from itertools import pairwise

import pytest

from exporter.metrics.catalogue import FAMILIES
from grafana.boards.alerts import STEP_S
from grafana.builder.board import TAG
from stack.prometheus import ALERTING
from tests.boards.committed import BOARDS, PANELS, POSTGRES
from tests.boards.names import FOREIGN, metrics, outside_rate, ranges
from tests.boards.substitution import REFERENCE, SCRAPE_S, Span

BUILT_IN = {
    *("timeseries", "stat", "bargauge", "barchart", "table", "heatmap", "state-timeline", "piechart", "histogram"),
    *("text", "alertlist"),
}
"""Grafana's own panels; a plug-in would have to be installed first."""
WITHOUT_UNIT = {"text", "alertlist"}
SOURCES = {"prometheus": "${prometheus}", POSTGRES: "${timescale}", "datasource": "-- Mixed --"}
COUNTERS = {name for name, family in FAMILIES.items() if family.type == "counter"}
RECORDED = set(re.findall(r"record: (\S+)", (ALERTING / "rules/recording.yml").read_text()))
SERIES = {name for family in FAMILIES.values() for name in family.series} | RECORDED

ALL_TIME = {"cumulative"}
"""Boards whose panels mean all-time totals: a counter of liquidations is kept by the exporter through every restart, so
that its value is the total itself."""
WITHOUT_GRAPHS = {"quick"}
LINK = re.compile(r"/d/liq-(\w+)\?([^\"]*)")
CHOICE = re.compile(r"\bvar-(\w+)=")
ALERTS_RANGE = f"$__range:{STEP_S}s"
"""Alerts have a sample for each evaluation of their group, every 5 or 15 s; at one step they can be counted."""
BARE = {"Cross-sums", "Sockets replaced", "Put aside", "Left out"}
"""Panels that compare totals with each other, or that show what was counted since the exporter was started."""

each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
each_panel = pytest.mark.parametrize("panel", PANELS, ids=str)


@each_board
def test_a_board_can_be_found_and_not_be_changed(board):
    assert board.json["uid"] == f"liq-{board.file}"
    assert board.json["tags"] == [TAG]
    assert board.json["editable"] is False
    assert board.json["description"]
    assert board.json["refresh"] in board.json["timepicker"]["refresh_intervals"]
    assert board.json["timezone"] == "browser"


@each_board
def test_a_board_links_to_its_siblings_with_range_and_choices(board):
    (link,) = board.json["links"]
    assert (link["type"], link["tags"], link["keepTime"], link["includeVars"]) == ("dashboards", [TAG], True, True)


@each_board
def test_a_board_begins_with_the_state_of_the_feeds_and_the_alerts(board):
    first = [(panel.title, panel.place["x"], panel.place["w"]) for panel in board.panels if panel.place["y"] == 0]
    assert first == [("Feeds", 0, 21), ("Alerts firing", 21, 3)]


@each_board
def test_panels_do_not_overlap(board):
    taken = {}
    for panel in board.json["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < 24
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]
    numbers = [panel["id"] for panel in board.json["panels"]]
    assert all(before < after for before, after in pairwise(numbers))


@each_board
def test_variables_are_explained_and_offer_what_there_is(board):
    for variable in board.variables:
        assert variable["label"]
        if variable["type"] == "query":
            assert variable["refresh"] == 2, "new exchanges and coins appear when the time range moves"
            assert variable["datasource"]["uid"] in SOURCES.values()
        if variable["type"] != "datasource":
            assert variable["description"]


@each_board
def test_every_variable_is_used_and_every_used_one_exists(board):
    known = {variable["name"] for variable in board.variables}
    texts = [query.text for panel in board.panels for query in panel.queries]
    texts += [panel.title for panel in board.panels]
    texts += [str(variable.get("definition", "")) for variable in board.variables]
    sources = [query.target["datasource"]["uid"] for panel in board.panels for query in panel.queries]
    used = {found[1] or found[2] for text in (*texts, *sources) for found in REFERENCE.finditer(text)}
    assert used - set(Span(0, 1, 1).globals) == known


@each_board
def test_cascades_are_marked_where_time_is_shown(board):
    if board.file not in WITHOUT_GRAPHS:
        assert [each.letter for each in board.annotations] == ["Cascades of longs", "Cascades of shorts"]
    for each in board.annotations:
        assert metrics(each.text) <= SERIES


@each_board
def test_links_lead_to_boards_and_choices_that_there_are(board):
    text = json.dumps(board.json["panels"])
    found = LINK.findall(text)
    assert text.count("/d/") == len(found)
    for name, parameters in found:
        choices = {variable["name"] for variable in BOARDS[name].variables}
        assert set(CHOICE.findall(parameters)) <= choices, f"liq-{name}?{parameters}"


@each_panel
def test_a_panel_explains_itself(panel):
    assert panel.kind in BUILT_IN
    assert panel.title
    assert len(panel.json["description"]) > 20


@each_panel
def test_values_have_a_unit_and_no_data_has_a_reason(panel):
    if panel.kind in WITHOUT_UNIT:
        return
    defaults = panel.json["fieldConfig"]["defaults"]
    properties = {each["id"] for override in panel.overrides for each in override["properties"]}
    assert {"unit", "mappings"} & {key for key in defaults if defaults[key]} or {"unit", "mappings"} & properties
    assert defaults["noValue"]


@each_panel
def test_a_panel_asks_through_the_variables_of_the_sources(panel):
    for query in panel.queries:
        source = query.target["datasource"]
        assert source["uid"] == SOURCES[source["type"]]
    if panel.queries:
        assert panel.json["datasource"]["uid"] == SOURCES[panel.json["datasource"]["type"]]
    else:
        assert panel.kind in WITHOUT_UNIT


@each_panel
def test_graphs_tell_all_values_sorted(panel):
    if panel.kind == "timeseries":
        assert panel.json["options"]["tooltip"] == {"mode": "multi", "sort": "desc"}


@each_panel
def test_every_metric_is_in_the_catalogue(panel):
    for query in panel.queries:
        if not query.is_sql:
            unknown = {name for name in metrics(query.text) if name not in SERIES and not FOREIGN.fullmatch(name)}
            assert not unknown, f"{unknown} in {query.text}"


@each_panel
def test_rates_refer_to_the_interval_of_the_graph(panel):
    """A fixed span would miss points of a long range; exact windows are gauges of their own."""
    for query in panel.queries:
        if not query.is_sql:
            assert ranges(query.text) <= {"$__rate_interval", "$__range", ALERTS_RANGE}, query.text


@each_panel
def test_counters_are_rates_unless_all_time_is_meant(panel):
    if panel.board not in ALL_TIME and panel.title not in BARE:
        for query in panel.queries:
            if not query.is_sql:
                bare = outside_rate(query.text) & COUNTERS
                assert not bare, f"{bare} in {query.text}"


@each_panel
def test_the_shortest_step_is_one_that_the_scrapes_have(panel):
    for query in panel.queries:
        shortest = re.fullmatch(r"(\d+)s", query.target.get("interval", f"{SCRAPE_S}s"))
        assert shortest
        assert int(shortest[1]) % SCRAPE_S == 0
