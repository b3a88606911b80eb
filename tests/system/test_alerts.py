"""Alerts end to end, every part real: simulated exchanges, exporter, Prometheus, Alertmanager, webhook, Telegram."""

import re

import pytest

from exporter.exchanges import REGISTRY
from stack.redis import RedisServer
from stack.service import free_port
from tests.system.alarm import Alarm
from tests.system.processes import until

AVAX = ("LiquidationCascade", "AVAX", "long")
COIN_TEXT = re.compile(
    r"\$[\d.]+[kM] of AVAX longs liquidated in \d+ orders since \d\d:\d\d:\d\d UTC\n"
    r"on (binance|bybit|binance, bybit|bybit, binance)\n"
    r"highest score \d+ of 100(: [a-z ]+ \d+ %, [a-z ]+ \d+ %, [a-z ]+ \d+ %)"
)


def description(note):
    return note.body["alerts"][0]["annotations"]["description"]


def usd(text):
    number, unit = re.match(r"\$([\d.]+)([kM])", text).groups()
    return float(number) * {"k": 1e3, "M": 1e6}[unit]


@pytest.mark.timeout(420)
@pytest.mark.parametrize("fast", [False, True], ids=["by rules", "fast path as well"])
def test_one_cascade_is_one_message_and_its_end_another_whatever_dies(tmp_path, fast):
    """The exporter is killed for longer than ExporterDown waits, Alertmanager is restarted: the cascade stays one."""
    with Alarm(tmp_path, "one", fast=fast, hasty=True) as alarm:
        receiver = alarm.receiver
        until(lambda: receiver.of("traders", *AVAX), "the cascade to be told")
        alarm.exporter.kill()
        alarm.alertmanager.stop()
        alarm.alertmanager.start()
        until(lambda: receiver.of("operators"), "ExporterDown to be told", 90)
        assert receiver.of("traders") == ["firing"], "a blind system has said that it is over"
        alarm.exporter.start()
        until(lambda: receiver.of("operators", "ExporterDown", "", "") == ["firing", "resolved"], "it to be over", 60)
        until(lambda: receiver.of("traders", *AVAX) == ["firing", "resolved"], "the end of the cascade", 240)
        texts = [description(note) for note in receiver.notes if note.receiver == "traders"]
        assert len(texts) == 2
        assert all(COIN_TEXT.fullmatch(text) for text in texts), texts
        assert usd(texts[1]) > usd(texts[0]), "the end has the last figures"
        links = '<a href="http://board/d/liq-overview">Board</a> · <a href="{}">Runbook</a>'
        assert [text.split("\n")[0] for text in receiver.telegrams] == [
            "<b>🔻 AVAX longs cascade</b>",
            "<b>✅ AVAX longs cascade: over</b>",
        ]
        for message, text in zip(receiver.telegrams, texts, strict=True):
            runbook = message.rpartition('<a href="')[2].partition('"')[0]
            assert runbook.endswith("/user/runbooks.md#liquidationcascade")
            assert message.endswith(f"</b>\n{text}\n{links.format(runbook)}") or fast
        others = {note.alert[0] for note in receiver.notes if note.receiver == "operators"}
        assert others <= {"ExporterDown", "CoverageLow", "AllFeedsDown"}


@pytest.mark.timeout(420)
def test_each_exchange_and_a_store_that_go_away_are_told_once_and_so_is_their_return(tmp_path):
    (tmp_path / "redis").mkdir()
    redis = RedisServer(tmp_path / "redis", free_port()).start()
    try:
        with Alarm(tmp_path, "cut", hasty=True, LIQ_STORES_REDIS_URL=redis.url) as alarm:
            receiver = alarm.receiver
            redis.stop()
            until(lambda: receiver.of("operators", "StoreDown", "", ""), "StoreDown", 90)
            redis.start()
            until(lambda: receiver.of("operators", "StoreDown", "", "") == ["firing", "resolved"], "the store", 90)
            for count in range(1, len(REGISTRY) + 1):
                until(lambda n=count: told(receiver, "FeedDown").count("resolved") == n, "an exchange's return", 120)
            down = [
                note.body["alerts"][0]["labels"]["exchange"] for note in receiver.notes if note.alert[0] == "FeedDown"
            ]
            assert sorted(down) == sorted([*REGISTRY, *REGISTRY])
            assert told(receiver, "FeedDown") == ["firing", "resolved"] * len(REGISTRY)
            assert not receiver.of("traders")
    finally:
        redis.stop()


def told(receiver, alert):
    return [note.status for note in receiver.notes if note.receiver == "operators" and note.alert[0] == alert]
