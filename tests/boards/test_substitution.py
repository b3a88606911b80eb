"""What Grafana makes of variables and macros, as far as the tests imitate it."""

import pytest

from tests.boards.substitution import AllValue, Span, promql, sql, text_of

SPAN = Span(1_700_000_000, 1_700_003_600, 30)
BOARD = [
    {"name": "coin", "multi": False, "includeAll": False},
    {"name": "exchange", "multi": True, "includeAll": True},
]


def asked(text, **chosen):
    return promql(text, chosen, BOARD, SPAN)


def read(text, *, timescale=False, **chosen):
    return sql(text, chosen, BOARD, SPAN, timescale=timescale)


def test_variables_in_promql():
    assert asked('a_${coin}_b{base="$coin"}', coin="BTC") == 'a_BTC_b{base="BTC"}'
    assert asked('{e=~"$exchange"}', exchange=["a.io"]) == r'{e=~"a\\.io"}'
    assert asked('{e=~"$exchange"}', exchange=["a", "b"]) == '{e=~"(a|b)"}'
    assert asked('{e=~"$exchange"}', exchange=AllValue(".*")) == '{e=~".*"}'


def test_intervals():
    assert asked("rate(a[$__rate_interval]) + $__interval_ms") == "rate(a[35s]) + 30000"
    assert promql("[$__rate_interval]", {}, BOARD, Span(0, 3600, 15, 15)) == "[60s]"
    assert asked("increase(a[$__range])") == "increase(a[3600s])"


def test_variables_in_sql():
    assert read("e IN ($exchange)", exchange=["a", "it's"]) == "e IN ('a','it''s')"
    assert read("e IN (${exchange:sqlstring})", exchange=AllValue("'*'")) == "e IN ('*')"
    assert (
        read("base = ${coin:sqlstring} AND '$coin' IN ('${coin:csv}')", coin="BTC")
        == "base = 'BTC' AND 'BTC' IN ('BTC')"
    )


def test_macros():
    start, end = "'2023-11-14T22:13:20+00:00'", "'2023-11-14T23:13:20+00:00'"
    assert read("$__timeFilter(time)") == f"time BETWEEN {start} AND {end}"
    assert read("$__timeFrom() $__timeTo()") == f"{start} {end}"
    assert read("$__timeGroup(time, '5m')") == "floor(extract(epoch from time)/300)*300"
    assert read("$__timeGroupAlias(time, $__interval)", timescale=True) == "time_bucket('30.000s',time) AS \"time\""


@pytest.mark.parametrize("text", ["$nobody", "${nobody:csv}", "$__unknown(time)", "${coin:lucene}"])
def test_what_is_not_imitated_is_an_error(text):
    with pytest.raises(ValueError, match="unknown"):
        read(text, coin="BTC")


def test_texts_that_people_see():
    assert text_of("All · $coin, $other", {"coin": "BTC"}) == "All · BTC, $other"
