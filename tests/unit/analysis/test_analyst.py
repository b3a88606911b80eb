import msgspec
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from tests.events import T0, liquidation
from tests.unit.analysis.living import Living, replayed
from tests.unit.analysis.market import EAGER, MINUTE_MS, feed, market

END_MS = T0 + 8 * MINUTE_MS


def closed(episodes):
    return {each.id: each for each in episodes if each.state == "closed"}


def test_a_replay_of_the_journal_gives_what_was_seen_live(tmp_path):
    living = Living(tmp_path)
    living.live(market(), END_MS)
    course, changes, episodes = replayed(living.database)
    assert {change.level for change in changes} >= {0, 1, 2, 3}
    assert closed(episodes)
    assert living.episodes() == closed(episodes)
    assert living.changes() == changes
    course.advance(living.engine.now_ms)
    assert course.engine.snapshot() == living.engine.snapshot(), "to the bit"


def test_time_that_passed_with_nothing_arriving_is_replayed_too(tmp_path):
    living = Living(tmp_path)
    arrivals = market()
    living.live(arrivals, END_MS)
    late = [(received + 600_000, entry) for received, entry in arrivals[-1:]]
    living.live([(late[0][0], liquidation(time_ms=END_MS - 30_000, received_ms=late[0][0], id="slow"))], END_MS)
    course, _, _ = replayed(living.database)
    assert course.engine.now_ms == living.engine.now_ms
    assert course.engine.snapshot() == living.engine.snapshot()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    living = Living(tmp_path_factory.mktemp("quiet"))
    living.live(market(), END_MS)
    return living


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])  # shrinking would take minutes
@example({2, 400, 420, 440, 460})
@given(st.sets(st.integers(2, 550), min_size=1, max_size=4))
def test_sudden_deaths_change_nothing(quiet, tmp_path_factory, deaths):
    killed = Living(tmp_path_factory.mktemp("killed"))
    killed.live(market(), END_MS, deaths)
    assert quiet.episodes()
    assert killed.engine.snapshot() == quiet.engine.snapshot()
    assert killed.episodes() == quiet.episodes()
    assert killed.changes() == quiet.changes()
    assert killed.status.tallies == quiet.status.tallies


def test_what_a_dead_run_has_told_stays_true(tmp_path):
    """An episode that was closed by the passing of time alone is not opened again by a feed that died with it."""
    living = Living(tmp_path)
    arrivals = market()
    living.live(arrivals, END_MS)
    told = living.episodes()
    assert closed(told.values()) == told
    living.die()
    living.commit(*(feed(exchange, False, arrivals[-1][0]) for exchange in ("binance", "bybit")))
    living.second(END_MS + MINUTE_MS)
    assert living.episodes() == told


def test_late_events_are_not_shown_to_the_engine(tmp_path):
    on_time, with_late = Living(tmp_path / "a"), Living(tmp_path / "b")
    on_time.live(market(2), END_MS)
    with_late.live(market(2, late=40), END_MS)
    assert with_late.database.last_seq == on_time.database.last_seq + 40
    assert closed(with_late.episodes().values()) == closed(on_time.episodes().values())


def test_a_state_that_cannot_be_read_is_replaced_by_the_history(tmp_path):
    living = Living(tmp_path)
    living.live(market(), END_MS)
    before, tallies = living.episodes(), living.status.tallies
    assert living.database.saved_signals()
    living.database._db.execute("UPDATE signals SET state = x'00'")
    living.die()
    assert living.status.tallies == tallies
    assert living.episodes() == before


def test_counters_survive_an_engine_of_another_version(tmp_path, monkeypatch):
    living = Living(tmp_path)
    living.live(market(), END_MS)
    living.analyst.save_soon()
    living.commit()
    tallies = living.status.tallies
    assert tallies.cascades
    monkeypatch.setattr("exporter.signals.snapshot.VERSION", 1_000)
    living.die()
    assert living.status.tallies == tallies


def test_open_episodes_are_told_of_as_they_grow(tmp_path):
    living = Living(tmp_path)
    arrivals = [each for each in market() if each[0] < T0 + 3 * MINUTE_MS + 40_000]
    living.live(arrivals, T0 + 3 * MINUTE_MS + 41_000)
    shown = {reading.episode.id for base in ("BTC", "ETH") if (reading := living.engine.reading(base, "long")).episode}
    assert shown
    for identity in shown:
        told = living.episodes()[identity]
        assert told.state == "open"
        opened = told.usd
        now = living.engine.reading(told.base, told.side).episode
        assert opened >= now.usd * 0.5, "not the sums of the moment in which it opened"


def test_other_parameters_apply_at_once_and_keep_what_was_learned(tmp_path):
    living = Living(tmp_path)
    living.live(market(minutes=3), T0 + 3 * MINUTE_MS)
    rate = living.engine.sample("BTC", "long").terms[8]
    muted = msgspec.structs.replace(EAGER, floor_usd=1e9)
    living.analyst.configure(muted, {"bybit": "full"})
    assert living.engine.sample("BTC", "long").terms[8] == pytest.approx(rate, rel=0.5)
    assert not living.engine.sample("BTC", "long").open
    assert living.analyst.due(), "saved soon, so that a crash does not go back to the old ones"


def test_coins_that_are_quiet_are_zero_and_not_absent(tmp_path):
    living = Living(tmp_path, bases=("BTC", "DOGE"))
    living.live(market(minutes=2), T0 + 2 * MINUTE_MS)
    present = living.status.present
    assert list(present.coins)[:2] == ["BTC", "DOGE"]
    assert present.coins["DOGE"].sides == {"long": None, "short": None}
    assert present.coins["DOGE"].coverage == 1.0
