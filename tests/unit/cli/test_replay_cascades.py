import msgspec
import pytest

from exporter.analysis import Course
from exporter.commands.replay import Cascades
from exporter.config import ConfigError, load_parameters
from exporter.interchange import combined, dump_line, event_line, read
from exporter.model import Liquidation
from tests.events import T0
from tests.unit.analysis.living import Living
from tests.unit.analysis.market import EAGER, FEEDS, MINUTE_MS, market

END_MS = T0 + 8 * MINUTE_MS


def replayed(records, parameters=EAGER):
    cascades = Cascades(Course(parameters, FEEDS))
    for _ in cascades.seen(records):
        pass
    return cascades


def test_a_dump_gives_the_episodes_that_were_seen_live(tmp_path):
    living = Living(tmp_path)
    living.live(market(), END_MS)
    living.commit(market()[0][1])  # a record at the end, so that the dump holds the time after the cascade
    lines = [dump_line(record) for record in living.database.records()]
    found = replayed(combined([read("dump", lines)])).episodes(None)
    assert {each.id: each for each in found} == living.episodes()
    assert {each.base for each in found} >= {"BTC", "*"}


def test_an_event_file_needs_no_feed_records_and_knows_no_late_events():
    events = [entry for _, entry in market() if isinstance(entry, Liquidation)]
    late = [msgspec.structs.replace(each, received_ms=each.received_ms + 3_600_000) for each in events]
    in_time, copied_later = (
        replayed(read("x", map(event_line, sorted(each, key=lambda event: event.time_ms)))) for each in (events, late)
    )
    assert in_time.episodes("ETH")
    assert in_time.episodes(None) == copied_later.episodes(None)
    assert in_time.levels("ETH") == [each for each in in_time.levels(None) if each.base == "ETH"]


def test_an_exchange_that_is_not_known_here_takes_part():
    events = [msgspec.structs.replace(entry, exchange="elsewhere") for _, entry in market() if hasattr(entry, "side")]
    events.sort(key=lambda event: event.time_ms)
    assert {each.first_exchange for each in replayed(read("x", map(event_line, events))).episodes(None)} == {
        "elsewhere"
    }


def test_an_episode_that_is_open_at_the_end_is_shown_as_it_is_then():
    until = T0 + 3 * MINUTE_MS + 40_000
    arrivals = sorted(((e.time_ms, e) for _, e in market() if hasattr(e, "side")), key=lambda pair: pair[0])
    events = [entry for time_ms, entry in arrivals if time_ms < until]
    found = replayed(read("x", map(event_line, events))).episodes("ETH")
    assert [each.state for each in found] == ["open"]
    assert found[0].end_ms > until - 10_000


def test_parameters_come_from_a_file_of_their_own_or_from_a_whole_configuration(tmp_path):
    plain, whole, bad = tmp_path / "p.yaml", tmp_path / "config.yaml", tmp_path / "bad.yaml"
    plain.write_text("floor_usd: 5_000\ncoins: {btc: {mute: true}}")
    with pytest.raises(ConfigError, match=r"p.yaml: signals.coins.btc"):
        load_parameters(plain)
    plain.write_text("floor_usd: 5_000")
    whole.write_text("web: {}\nsignals: {floor_usd: 5_000}")
    bad.write_text("gates: {share: 2}")
    assert load_parameters(plain) == load_parameters(whole)
    assert load_parameters(plain).coins["BTC"].floor_usd == 1_000_000.0
    with pytest.raises(ConfigError, match=r"bad.yaml: gates.share: expected"):
        load_parameters(bad)
