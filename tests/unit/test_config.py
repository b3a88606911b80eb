import re
from pathlib import Path

import pytest
import yaml

from exporter.config import Config, ConfigError, Duration, dump, leaves, load
from exporter.exchanges import REGISTRY

NOTHING_ENABLED = yaml.safe_dump({"exchanges": {name: {"enabled": False} for name in REGISTRY}})
SHIPPED = Path(__file__).parents[2] / "config.yaml"


def write(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def test_the_shipped_file_is_complete_and_says_the_defaults():
    assert load(SHIPPED, {}, {}) == load(None, {}, {})

    def keys(tree, prefix=""):
        for name, value in tree.items():
            yield from keys(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]

    shipped = set(keys(yaml.safe_load(SHIPPED.read_text())))
    assert {key for key in leaves(Config) if not key.startswith("exchanges.")} <= shipped


def test_flags_beat_the_environment_which_beats_the_file(tmp_path):
    path = write(tmp_path, "log: {level: error}\nweb: {listen_address: ':1'}\ndata: {dir: file}\n")
    environ = {"LIQ_LOG_LEVEL": "warn", "LIQ_WEB_LISTEN_ADDRESS": ":2"}
    config = load(path, environ, {"log.level": "debug"})
    assert (config.log.level, config.web.listen_address, config.data.dir) == ("debug", ":2", Path("file"))


def test_environment_sets_every_kind_of_value():
    environ = {
        "LIQ_METRICS_BASES": "BTC, PEPE",
        "LIQ_METRICS_BASE_CAP": "50",
        "LIQ_FEEDS_SILENT_AFTER": "500ms",
        "LIQ_CHECK_INTERVAL": "0s",
        "LIQ_ALERTS_ALERTMANAGER": "http://alertmanager:9093",
        "LIQ_ALERTS_MUTE": "DOGE, PEPE",
        "LIQ_EXCHANGES_BYBIT_ENABLED": "false",
    }
    config = load(None, environ, {})
    assert config.metrics.bases == ("BTC", "PEPE")
    assert config.metrics.base_cap == 50
    assert config.feeds.silent_after == 0.5
    assert config.check.interval == 0
    assert config.alerts.alertmanager == "http://alertmanager:9093"
    assert config.alerts.mute == ("DOGE", "PEPE")
    assert "bybit" not in config.enabled_exchanges()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("web: {listen_adress: ':1'}", ["web.listen_adress", "listen_address"]),
        ("wev: {}", ["wev", "web", "exchanges"]),
        ("exchanges: {binanse: {}}", ["binanse", "binance"]),
        ("exchanges: {bybit: {enable: true}}", ["exchanges.bybit.enable", "enabled"]),
        ("exchanges: {bybit: {endpoints: {ws: 'http://x'}}}", ["exchanges.bybit.endpoints.ws", "http://x", "wss://"]),
        ("exchanges: {bybit: {endpoints: {wss: 'wss://x'}}}", ["exchanges.bybit.endpoints.wss", "ws, rest"]),
        (NOTHING_ENABLED, ["exchanges", "enable at least one"]),
        ("feeds: {silent_after: 15}", ["feeds.silent_after", "15s"]),
        ("feeds: {silent_after: 0s}", ["feeds.silent_after", "at least 1ms"]),
        ("journal: {retention: 1h}", ["journal.retention", "1d"]),
        ("web: {listen_address: 'x'}", ["web.listen_address", "host:port"]),
        ("web: {listen_address: ':99999'}", ["web.listen_address"]),
        ("log: {level: loud}", ["log.level", "loud"]),
        ("stats: {bearish_from: 0.3}", ["stats", "bullish_to"]),
        ("stats: {bearish_from: 1.3}", ["stats.bearish_from", "<= 1"]),
        ("journal: {queue_events: 10}", ["journal.queue_events", ">= 1000"]),
        ("metrics: {base_cap: 0}", ["metrics.base_cap"]),
        ("metrics: {base_cap: many}", ["metrics.base_cap"]),
        ("metrics: {window_bases: -1}", ["metrics.window_bases", ">= 0"]),
        ("check: {interval: 5s}", ["check.interval", "10s"]),
        ("alerts: {alertmanager: 'alertmanager:9093'}", ["alerts.alertmanager", "http://host:port"]),
        ("alerts: {minimum_usd: {btc: 1}}", ["alerts.minimum_usd.btc", "BTC"]),
        ("alerts: {minimum_usd: {BTC: -1}}", ["alerts.minimum_usd.BTC", "0 or more"]),
        ("alerts: {mute: [doge]}", ["alerts.mute", "DOGE"]),
        ("alerts: {labels: {base: x}}", ["alerts.labels.base"]),
        ("check: {every: 5m}", ["check.every", "interval"]),
        ("stores: {redis: {url: 'localhost:6379'}}", ["stores.redis.url", "redis://"]),
        ("stores: {timescale: {url: 'mysql://x/y'}}", ["stores.timescale.url", "postgresql://"]),
        ("stores: {timescale: {url: 'postgresql:///db'}}", ["stores.timescale.url", "postgresql://"]),
        ("stores: {timescale: {dsn: 'x'}}", ["stores.timescale.dsn", "url"]),
        ("stores: {timescale: {retention: 7d}}", ["stores.timescale.retention", "8d"]),
        ("a: [", ["not valid YAML"]),
        ("[1]", ["keys and values"]),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path, text, names):
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), {}, {})
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(tmp_path / "config.yaml"))
    assert all(name in message for name in names), message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such file"):
        load(tmp_path / "nowhere.yaml", {}, {})


def test_the_dump_is_valid_and_hides_passwords(tmp_path):
    path = write(tmp_path, "exchanges: {bybit: {endpoints: {rest: 'https://me:secret@proxy.example/x'}}}")
    config = load(path, {}, {})
    text = dump(config)
    assert "secret" not in text
    assert "***@proxy.example/x" in text
    assert load(write(tmp_path, text), {}, {}).feeds == config.feeds


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@db.example:5433/liquidations",
        "postgresql://me:hunter@2@db.example/liquidations",
        "postgresql://db.example/liquidations?user=me&password=hunter2",
    ],
)
def test_the_dump_hides_the_stores_passwords(url):
    environ = {"LIQ_STORES_TIMESCALE_URL": url, "LIQ_STORES_TIMESCALE_READONLY_PASSWORD": "hunter2"}
    text = dump(load(None, environ, {}))
    assert "hunter" not in text
    assert "db.example" in text


def test_a_bad_address_of_a_store_is_not_repeated():
    with pytest.raises(ConfigError) as caught:
        load(None, {"LIQ_STORES_TIMESCALE_URL": "postgresql://me:hunter2/@db.example/liquidations"}, {})
    assert "hunter" not in str(caught.value)
    assert "%40" in str(caught.value)


@pytest.mark.parametrize(
    ("store", "url"),
    [
        ("REDIS", "unix:///run/redis.sock?db=1"),
        ("REDIS", "rediss://:secret@cache:6380/2"),
        ("TIMESCALE", "postgres://u@/db?host=/run/postgresql"),
    ],
)
def test_addresses_of_stores(store, url):
    stores = load(None, {f"LIQ_STORES_{store}_URL": url}, {}).stores
    assert url in (stores.redis.url, stores.timescale.url)


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("15s", 15), ("5m", 300), ("1.5h", 5400), ("30d", 2592000)]
)
def test_durations(text, seconds):
    assert Duration.parse(text) == seconds
    assert Duration.parse(str(Duration.parse(text))) == seconds


def test_no_duration_is_written_as_no_seconds():
    assert str(Duration(0)) == "0s"


@pytest.mark.parametrize("text", ["", "15", "s", "-1s", "1w", None, 15, "1 s s"])
def test_bad_durations(text):
    with pytest.raises(ValueError, match="duration"):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("gates: {share: 1.7}", "signals.gates.share: expected `float` <= 1.0"),
        ("wights: {}", "signals.wights: unknown key; known here: weights, calm"),
        ("coins: {PEPE: {flor: 1}}", "signals.coins.*.flor: unknown key; known here: floor_usd, mute"),
        ("coins: {eth: {mute: true}}", "signals.coins.eth: coins are written like ETH"),
        ("levels: {watch: {enter: 40, exit: 50}}", "signals.levels.watch: a level has to end below its beginning"),
    ],
)
def test_parameters_of_the_detector_that_cannot_be_used_are_named(tmp_path, block, words):
    path = tmp_path / "config.yaml"
    path.write_text(f"signals:\n  {block}\n")
    with pytest.raises(ConfigError, match=re.escape(words)):
        load(path, {}, {})


def test_a_coin_of_the_detector_keeps_the_floor_that_is_not_given(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("signals: {coins: {BTC: {mute: true}, WIF: {floor_usd: 50_000}}}")
    coins = load(path, {}, {"signals.late_s": "90"}).signals.coins
    assert (coins["BTC"].mute, coins["BTC"].floor_usd) == (True, 1_000_000.0)
    assert (coins["ETH"].floor_usd, coins["WIF"].floor_usd) == (500_000.0, 50_000.0)
