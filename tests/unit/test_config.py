from pathlib import Path

import pytest
import yaml

from exporter import config as module
from exporter.config import Config, ConfigError, Duration, dump, load
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
    assert {key for key in module._leaves(Config) if not key.startswith("exchanges.")} <= shipped


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
        "LIQ_EXCHANGES_BYBIT_ENABLED": "false",
    }
    config = load(None, environ, {})
    assert config.metrics.bases == ("BTC", "PEPE")
    assert config.metrics.base_cap == 50
    assert config.feeds.silent_after == 0.5
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
        ("feeds: {silent_after: 0s}", ["feeds.silent_after", "above zero"]),
        ("journal: {retention: 1h}", ["journal.retention", "1d"]),
        ("web: {listen_address: 'x'}", ["web.listen_address", "host:port"]),
        ("web: {listen_address: ':99999'}", ["web.listen_address"]),
        ("log: {level: loud}", ["log.level", "loud"]),
        ("stats: {bearish_from: 0.3}", ["stats"]),
        ("metrics: {base_cap: 0}", ["metrics.base_cap"]),
        ("metrics: {base_cap: many}", ["metrics.base_cap"]),
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


@pytest.mark.parametrize("text", ["", "15", "s", "-1s", "1w", None, 15, "1 s s"])
def test_bad_durations(text):
    with pytest.raises(ValueError, match="duration"):
        Duration.parse(text)
