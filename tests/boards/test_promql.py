"""Every PromQL of every panel, with every choice, in a real Prometheus that scraped the exporter in the demo."""

import re

import pytest

from tests.boards.allowed import ANY_LABELS, may_be_empty
from tests.boards.choices import combinations
from tests.boards.committed import BOARDS, PANELS
from tests.boards.frames import legend, named, renamed, rows, undefined
from tests.boards.substitution import text_of

WITH_PROMQL = [panel for panel in PANELS if any(not query.is_sql for query in panel.queries)]


def looked_at(demo, panel):
    """Each combination of choices with the answers to all queries of the panel."""
    variables = BOARDS[panel.board].variables
    promql = [query for query in panel.queries if not query.is_sql]
    for choice in combinations(variables, demo.api.label_values):
        yield choice, {query.letter: demo.live.answer(query, choice, variables) for query in promql}


@pytest.mark.parametrize("panel", WITH_PROMQL, ids=str)
def test_every_query_has_an_answer(demo, panel):
    for choice, answers in looked_at(demo, panel):
        for query in panel.queries:
            empty = answers.get(query.letter) == []
            assert not empty or may_be_empty(query.text, choice), f"query {query.letter} finds nothing with {choice}"


@pytest.mark.parametrize("panel", WITH_PROMQL, ids=str)
def test_every_value_is_a_number_or_has_a_text(demo, panel):
    for choice, answers in looked_at(demo, panel):
        for query in panel.queries:
            for series in answers.get(query.letter, []):
                column = renamed(panel).get(f"Value #{query.letter}", legend(query, series))
                assert panel.says_what_nan_is(column) or not undefined(series), f"{column} {series} with {choice}"


@pytest.mark.parametrize("panel", WITH_PROMQL, ids=str)
def test_every_name_in_a_panel_is_that_of_something(demo, panel):
    """Columns and legends that the panel gives a look to, titles of columns, labels in legends."""
    for choice, answers in looked_at(demo, panel):
        if not all(answers.values()) or any(metric in query.text for query in panel.queries for metric in ANY_LABELS):
            continue
        if panel.kind in ("table", "barchart"):
            shown = {name for row in rows(panel, answers) for name in row}
            assert set(renamed(panel).values()) <= shown, f"columns without values with {choice}"
        else:
            shown = set(named(panel, answers))
        shown |= {text_of(name, choice) for name in shown}
        for override in panel.overrides:
            assert any(matches(override["matcher"], name) for name in shown), f"{override['matcher']}: {sorted(shown)}"


def matches(matcher, name):
    """Whether an override is for the field of this name; a pattern without slashes is for the whole name."""
    if matcher["id"] == "byRegexp":
        return re.fullmatch(matcher["options"], name)
    assert matcher["id"] == "byName"
    return matcher["options"] == name
