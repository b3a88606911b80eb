"""Alerts end to end, every part real: simulated exchanges, exporter, Prometheus, Alertmanager, webhook, Telegram.

Most of it is waiting, so the plays run side by side, each on a chain of its own, and each with both ways to people: an
Alertmanager that only Prometheus tells, and one that the exporter tells as well.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from exporter.alerts.wording import coin_text
from exporter.exchanges import REGISTRY
from exporter.signals import Parameters
from stack.redis import RedisServer
from stack.service import free_port
from tests.system.alarm import WAYS, Alarm
from tests.system.processes import until

pytestmark = pytest.mark.timeout(900)
PATIENCE_S = 240
AVAX = ("LiquidationCascade", "AVAX", "long")
COIN_TEXT = re.compile(
    r"\$([\d.]+)([kM]) of AVAX longs liquidated in (\d+) orders since \d\d:\d\d:\d\d UTC\n"
    r"on ([a-z, ]+)\n"
    r"highest score (\d+) of 100: [a-z ]+ \d+ %, [a-z ]+ \d+ %, [a-z ]+ \d+ %"
)
BOTH = ["firing", "resolved"]

SHORT = {
    "LIQ_SIGNALS_EPISODES_QUIET_S": "20",
    "LIQ_SIGNALS_EPISODES_HOT_SCORE": "60",
    "LIQ_SIGNALS_LEVELS_DWELL_S": "5",
    "LIQ_SIGNALS_GATES_ORDERS": "30",
    "LIQ_SIGNALS_BREADTH_WITHIN_S": "10",
}
for _name in ("watch", "warning", "critical"):
    _enter = getattr(Parameters().levels, _name).enter
    SHORT |= {f"LIQ_SIGNALS_LEVELS_{_name.upper()}_{end}": str(_enter - by) for end, by in (("ENTER", 0), ("EXIT", 1))}
"""Levels fall, and episodes are over, within half a minute instead of some minutes."""


@pytest.fixture(scope="module")
def plays(tmp_path_factory):
    """The plays, all of them on stage at once; each yields what there is to judge."""
    with ThreadPoolExecutor() as pool:
        yield {play: pool.submit(play, tmp_path_factory.mktemp(play.__name__)) for play in (one, cut, storms)}


def all_told(alarm, condition, what):
    """Wait until something holds for what was told in each way."""
    until(lambda: all(map(condition, alarm.receivers.values())), what, PATIENCE_S)


def one(folder):
    """In a cascade the exporter is dead for longer than its alerts wait, and Alertmanager is restarted.

    Returns what was told, and the exporter's own account of the episode.
    """
    with Alarm(folder, "one", hasten=(), **SHORT) as alarm:
        alarm.market.go_on()
        all_told(alarm, lambda way: way.of("traders", *AVAX), "the cascade to be told")
        alarm.market.go_on()
        alarm.exporter.kill()
        for way in alarm.ways.values():
            way.alertmanager.stop()
            way.alertmanager.start()
        all_told(alarm, lambda way: way.of("operators", "ExporterDown", "", ""), "ExporterDown to be told")
        until(lambda: alarm.holds('max_over_time(up{job="liquidations"}[50s]) == 0'), "a long blindness", PATIENCE_S)
        while_blind = {name: way.of("traders") for name, way in alarm.receivers.items()}
        alarm.exporter.start()
        all_told(alarm, lambda way: way.of("operators", "ExporterDown", "", "") == BOTH, "it to be over")
        all_told(alarm, lambda way: way.of("traders", *AVAX) == BOTH, "the end of the cascade")
        answer = alarm.json(alarm.exporter, "/api/v1/cascades?base=AVAX&side=long&state=closed&limit=1")
        return SimpleNamespace(told=alarm.receivers, while_blind=while_blind, episode=answer["episodes"][0])


def cut(folder):
    """A store goes away and comes back, then each half of the exchanges; returns what was told."""
    (folder / "redis").mkdir()
    redis = RedisServer(folder / "redis", free_port()).start()
    settings = {"LIQ_STORES_REDIS_URL": redis.url, "LIQ_FEEDS_BACKOFF_MAX": "3s"}
    half = len(REGISTRY) // 2
    try:
        with Alarm(folder, "cut", hasten=("FeedDown", "StoreDown"), **settings) as alarm:
            redis.stop()
            all_told(alarm, lambda way: way.of("operators", "StoreDown", "", ""), "StoreDown")
            redis.start()
            for told in (half, 2 * half):
                alarm.market.go_on()
                all_told(alarm, lambda way, n=told: feeds(way).count("firing") == n, "exchanges to be told")
                alarm.market.go_on()
                all_told(alarm, lambda way, n=told: feeds(way).count("resolved") == n, "their return")
            all_told(alarm, lambda way: way.of("operators", "StoreDown", "", "") == BOTH, "the store's return")
            return SimpleNamespace(told=alarm.receivers)
    finally:
        redis.stop()


def feeds(receiver):
    return receiver.of("operators", "FeedDown", "", "")


def storms(folder):
    """Many coins of one side after many of the other, both the whole market's; returns what was told."""
    with Alarm(folder, "storms", **SHORT) as alarm:
        alarm.market.go_on()
        market = ("MarketWideCascade", "", "short")
        all_told(alarm, lambda way: way.of("traders", *market) == BOTH, "the end of the storms")
        all_told(alarm, lambda way: all(each[-1] == "resolved" for each in by_alert(way).values()), "all ends")
        return SimpleNamespace(told=alarm.receivers)


def by_alert(receiver):
    """What the traders were told, by alert."""
    found = {}
    for note in list(receiver.notes):
        if note.receiver == "traders":
            found.setdefault(note.alert, []).append(note.status)
    return found


def descriptions(receiver):
    notes = [note for note in receiver.notes if note.receiver == "traders"]
    return [note.body["alerts"][0]["annotations"]["description"] for note in notes]


def figures(text):
    """USD and orders of a message, and its highest score."""
    number, unit, orders, exchanges, score = COIN_TEXT.fullmatch(text).groups()
    assert set(exchanges.split(", ")) <= set(REGISTRY)
    return float(number) * {"k": 1e3, "M": 1e6}[unit], int(orders), int(score)


@pytest.mark.parametrize("way", WAYS)
def test_one_cascade_is_one_message_and_its_end_another_whatever_dies(plays, way):
    play = plays[one].result()
    receiver = play.told[way]
    assert play.while_blind[way] == ["firing"], "a blind system has said that it is over"
    assert by_alert(receiver) == {AVAX: BOTH}
    first, last = map(figures, descriptions(receiver))
    assert all(later >= earlier for earlier, later in zip(first, last, strict=True))
    others = {note.alert[0] for note in receiver.notes if note.receiver == "operators"}
    assert others <= {"ExporterDown", "CoverageLow", "AllFeedsDown", "AlertmanagerUnreachable"}, "what is true"


@pytest.mark.parametrize("way", WAYS)
def test_the_end_has_the_figures_of_the_exporter(plays, way):
    play = plays[one].result()
    own = coin_text(SimpleNamespace(**play.episode | {"contributions": tuple(play.episode["contributions"].values())}))
    told = descriptions(play.told[way])[-1]
    assert told.splitlines()[::2] == own.splitlines()[::2], "all but the exchanges, which the rules read elsewhere"


@pytest.mark.parametrize("way", WAYS)
def test_telegram_has_what_the_webhook_has(plays, way):
    receiver = plays[one].result().told[way]
    links = '<a href="http://{}/d/liq-cascades">Board</a> · <a href="{}">Runbook</a>'
    assert [text.split("\n")[0] for text in receiver.telegrams] == [
        "<b>🔻 AVAX longs cascade</b>",
        "<b>✅ AVAX longs cascade: over</b>",
    ]
    for message, text in zip(receiver.telegrams, descriptions(receiver), strict=True):
        board = message.partition('<a href="http://')[2].partition("/")[0]
        runbook = message.rpartition('<a href="')[2].partition('"')[0]
        assert runbook.endswith("/user/runbooks.md#liquidationcascade")
        assert message.endswith(f"</b>\n{text}\n{links.format(board, runbook)}")


@pytest.mark.parametrize("way", WAYS)
def test_each_exchange_and_a_store_that_go_away_are_told_once_and_so_is_their_return(plays, way):
    receiver = plays[cut].result().told[way]
    told = {}
    for note in receiver.notes:
        if note.receiver == "operators" and note.alert[0] == "FeedDown":
            told.setdefault(note.body["alerts"][0]["labels"]["exchange"], []).append(note.status)
    assert told == dict.fromkeys(REGISTRY, BOTH)
    assert not receiver.of("traders")


@pytest.mark.parametrize("way", WAYS)
def test_whatever_was_told_of_a_storm_is_told_as_over_once(plays, way):
    """Coins that were told before the whole market's alert are inhibited by it, and yet their end arrives."""
    told = by_alert(plays[storms].result().told[way])
    assert set(map(tuple, told.values())) == {tuple(BOTH)}
    assert {("MarketWideCascade", "", side) for side in ("long", "short")} <= told.keys()
