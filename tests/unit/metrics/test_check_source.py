import msgspec

from exporter.config import Config
from exporter.metrics import Exposition
from tests.unit.metrics.filled import NOW_MS, checked, empty_view
from tests.unit.metrics.parsed import values


def page(view):
    shown = values(Exposition(view).render(None, NOW_MS)[0])
    return {series.removeprefix("liquidation_"): value for series, value in shown.items()}


def test_before_the_first_check_nothing_is_claimed():
    shown = {series: value for series, value in page(empty_view()).items() if series.startswith("check_")}
    assert shown == {"check_failures_total": 0, "check_interval_seconds": 0}


def test_one_verdict_at_a_time():
    view = empty_view()
    checked(view)
    shown = page(view)
    verdicts = {series for series, value in shown.items() if series.startswith("check_verdict") and value}
    assert verdicts == {
        'check_verdict{source="journal",verdict="equal"}',
        'check_verdict{source="redis",verdict="unreachable"}',
        'check_verdict{source="timescale",verdict="differs"}',
        'check_verdict{source="metrics",verdict="moving"}',
    }
    assert shown['check_verdict{source="redis",verdict="equal"}'] == 0
    assert shown["check_last_run_timestamp_seconds"] == NOW_MS / 1000 - 61
    assert shown["check_duration_seconds"] == 1.25


def test_what_could_not_be_compared_has_no_number_of_differences():
    view = empty_view()
    checked(view)
    counted = {series: value for series, value in page(view).items() if series.startswith("check_differences")}
    assert counted == {'check_differences{source="journal"}': 0, 'check_differences{source="timescale"}': 4}


def test_the_bands_of_the_sentiment_follow_a_reload():
    view = empty_view()
    exposition = Exposition(view)
    exposition.render(None, NOW_MS)
    stats = msgspec.structs.replace(Config().stats, bearish_from=0.7, bullish_to=0.2)
    view.config = msgspec.structs.replace(view.config, stats=stats)
    shown = values(exposition.render(None, NOW_MS)[0])
    assert shown['liquidation_sentiment_band_ratio{band="bearish_from"}'] == 0.7
    assert shown['liquidation_sentiment_band_ratio{band="bullish_to"}'] == 0.2
