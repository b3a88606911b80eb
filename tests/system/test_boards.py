"""A cascade in a market of simulated exchanges is on Overview, Cascades, Coin and Quick look at once."""

import time

import pytest

from tests.boards.frames import Moment
from tests.boards.prometheus_api import Api
from tests.system.alarm import Alarm
from tests.system.processes import until
from tests.system.sight import WARNING, Sight, colour_level


def scraped(api):
    """The newest scrape, at whose time every query sees the whole of it and nothing else."""
    found = api.instant("max(timestamp(liquidation_cascade_level))", time.time())
    return Moment(api, found[0].last) if found else None


def opened_s(alarm, after_s):
    """When the exporter raised the first coin to warning after a moment, None while it has not."""
    episodes = alarm.json(alarm.exporter, "/api/v1/cascades")["episodes"]
    times = [each["opened_ms"] / 1000 for each in episodes if each["base"] != "*"]
    return min((each for each in times if each > after_s), default=None)


def leading(api, after_s):
    """The scrape in which Quick look shows a cascade, None while it does not."""
    moment = scraped(api)
    return moment if moment.time >= after_s and Sight("BTC", moment).quick()[2] >= WARNING else None


@pytest.mark.timeout(300)
def test_a_cascade_is_on_four_boards_at_once_with_the_same_score(tmp_path, record_property):
    with Alarm(tmp_path, "storms") as alarm:
        api = Api(alarm.prometheus.address)
        calm = until(lambda: scraped(api), "Prometheus to have seen the exporter")
        alarm.market.go_on()
        opened = until(lambda: opened_s(alarm, calm.time), "a storm", 120)
        moment = until(lambda: leading(api, opened), "it to be on Quick look")
        record_property("seconds from the exporter's level to Quick look", time.time() - opened)

        base, side, score = Sight("BTC", moment).quick()
        shown = Sight(base, moment)
        assert shown.overview(side) == shown.coin(side) == shown.cascades(side)
        assert shown.coin(side).score == score
        assert shown.coin(side).level >= colour_level(score) >= 2
