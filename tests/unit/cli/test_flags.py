import re
from argparse import ArgumentTypeError
from datetime import datetime

import pytest

from exporter import flags


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (flags.whole, "-1"),
        (flags.whole, "1.5"),
        (flags.whole, "9" * 30),
        (flags.limit, "0"),
        (flags.limit, "1001"),
        (flags.limit, "ten"),
        (flags.port, "65536"),
        (flags.port, "http"),
        (flags.positive, "0"),
        (flags.positive, "-3"),
        (flags.positive, "nan"),
        (flags.positive, "inf"),
        (flags.positive, "soon"),
        (flags.amount, "-1"),
        (flags.amount, "k"),
        (flags.amount, ""),
        (flags.amount, "1e999"),
        (flags.amount, "nan"),
        (flags.instant, "yesterday"),
        (flags.instant, "2026-13-01"),
        (flags.instant, ""),
        (flags.window, "2h"),
    ],
)
def test_bad_values_are_named(reader, text):
    with pytest.raises(ArgumentTypeError, match=re.escape(repr(text)) if text and text != "k" else "is not"):
        reader(text)


def test_good_values():
    assert flags.whole("0") == 0
    assert flags.limit("1000") == 1000
    assert flags.port("0") == 0
    assert flags.positive("2.5") == 2.5
    assert flags.window("12h") == "12h"
    assert [flags.amount(text) for text in ("250000", "250k", "1.5M", "0")] == [250_000, 250_000, 1_500_000, 0]


def test_an_instant_is_utc_unless_it_says_otherwise():
    moment = int(datetime.fromisoformat("2026-11-20T10:00:00+00:00").timestamp() * 1000)
    assert flags.instant("2026-11-20T10:00") == moment
    assert flags.instant("2026-11-20T10:00Z") == moment
    assert flags.instant("2026-11-20T12:00+02:00") == moment
    assert flags.instant("2026-11-20") == moment - 10 * 3_600_000


def test_an_instant_can_be_a_duration_ago(monkeypatch):
    monkeypatch.setattr("exporter.flags.time.time", lambda: 10_000.0)
    assert flags.instant("2h") == 2_800_000
    assert flags.instant("30d") == 0


def test_a_file_that_cannot_be_written_is_told_before_the_work(tmp_path):
    assert flags.output(str(tmp_path / "new")) == tmp_path / "new"
    with pytest.raises(ArgumentTypeError, match="is a folder"):
        flags.output(str(tmp_path))
    with pytest.raises(ArgumentTypeError, match="there is no folder"):
        flags.output(str(tmp_path / "a" / "b"))
