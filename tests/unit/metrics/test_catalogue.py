import re

from exporter.feeds.failures import Reason
from exporter.metrics import FAMILIES, Exposition
from exporter.metrics.reasons import QUARANTINE_REASONS, RECONNECT_REASONS
from tests.unit.metrics.filled import NOW_MS, busy_view
from tests.unit.metrics.parsed import OF_THE_PROCESS, parsed, values

UNITS = {"", "usd", "seconds", "bytes", "ratio"}
SUFFIXES = {"counter": "_total", "info": "_info"}


def test_names_follow_the_conventions():
    for name, family in FAMILIES.items():
        assert name == family.name
        assert re.fullmatch(r"liquidation_[a-z0-9_]+", name)
        stem = name.removesuffix(SUFFIXES.get(family.type, ""))
        assert (stem != name) == (family.type in SUFFIXES), name
        assert family.unit in UNITS
        assert not family.unit or stem.endswith(f"_{family.unit}"), name
        assert name.endswith("_total") == (family.type == "counter")


def test_help_is_one_plain_sentence_or_two():
    for family in FAMILIES.values():
        assert re.fullmatch(r"[^\"\\\n]+\.", family.help), family.name
        assert ("side is that of" in family.help) == ("side" in family.labels), family.name
        assert family.unit != "usd" or "USD" in family.help, family.name


def test_label_names_are_legal_and_different():
    for family in FAMILIES.values():
        assert len(set(family.labels)) == len(family.labels)
        assert all(re.fullmatch(r"[a-z_]+", label) and label != "le" for label in family.labels)


def test_the_page_shows_the_catalogue_and_nothing_else():
    body, _ = Exposition(busy_view(20)).render(None, NOW_MS)
    expected = {each for family in FAMILIES.values() for each in family.series}
    shown = {re.split(r"[{ ]", series)[0] for series in values(body)}
    assert {each for each in shown if not each.startswith(OF_THE_PROCESS)} == expected


def test_labels_are_those_of_the_catalogue():
    body, _ = Exposition(busy_view(20)).render(None, NOW_MS)
    by_series = {each: family for family in FAMILIES.values() for each in family.series}
    for name, family in parsed(body).items():
        if name.startswith(OF_THE_PROCESS):
            continue
        for series, labels, _ in family["samples"]:
            assert {key for key, _ in labels if key != "le"} == set(by_series[series].labels)


def test_the_process_is_shown_too():
    body, _ = Exposition(busy_view(20)).render(None, NOW_MS)
    shown = values(body)
    assert shown["process_resident_memory_bytes"] > 0
    assert 'python_gc_collections_total{generation="0"}' in shown
    assert any(series.startswith("python_info{") for series in shown)


def test_every_reason_for_a_reconnect_is_known():
    assert set(RECONNECT_REASONS) == {reason.value for reason in Reason}


def test_reasons_are_label_values_in_order():
    for reasons in (QUARANTINE_REASONS, RECONNECT_REASONS):
        assert list(reasons) == sorted(set(reasons))
        assert all(re.fullmatch(r"[a-z_]+", reason) for reason in reasons)
