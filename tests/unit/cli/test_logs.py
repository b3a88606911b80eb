import json
import logging
import sys

import pytest
import structlog

from exporter.logs import HIDDEN, set_up


@pytest.fixture(autouse=True)
def _restore():
    """Leave structlog and logging as they were."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def failing(error: Exception):
    raise error


def logged(capsys) -> list[str]:
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


def test_logfmt_has_time_level_and_message_first(capsys):
    set_up("info", "logfmt")
    structlog.get_logger().info("feed live", exchange="bybit", connections=2, ready=True, reason=None)
    (line,) = logged(capsys)
    time, rest = line.split(" ", 1)
    assert time.startswith("time=20")
    assert time.endswith("Z")
    assert rest == 'level=info msg="feed live" exchange=bybit connections=2 ready=true reason='


def test_json_is_one_object_a_line_with_the_same_order(capsys):
    set_up("info", "json")
    structlog.get_logger().warning("feed down", reason="451", tries=3)
    (line,) = logged(capsys)
    assert list(json.loads(line).items())[1:] == [
        ("level", "warning"),
        ("msg", "feed down"),
        ("reason", "451"),
        ("tries", 3),
    ]
    assert next(iter(json.loads(line))) == "time"


@pytest.mark.parametrize(("level", "expected"), [("debug", 4), ("info", 3), ("warn", 2), ("error", 1)])
def test_the_level_filters(capsys, level, expected):
    set_up(level, "logfmt")
    log = structlog.get_logger()
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    assert len(logged(capsys)) == expected


def test_a_reload_reaches_loggers_made_before(capsys):
    log = structlog.get_logger()
    set_up("error", "logfmt")
    log.info("hidden")
    set_up("info", "json")
    log.info("shown")
    assert [json.loads(line)["msg"] for line in logged(capsys)] == ["shown"]


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_an_exception_is_one_line(capsys, form):
    set_up("info", form)
    try:
        failing(ValueError("two\nlines"))
    except ValueError:
        structlog.get_logger().exception("failed", exchange="okx")
    (line,) = logged(capsys)
    assert "Traceback" in line
    assert "two\\nlines" in line


@pytest.mark.parametrize("form", ["logfmt", "json"])
@pytest.mark.parametrize(
    "fields",
    [
        {"url": "postgres://writer:hunter2@db:5432/liq?sslmode=require"},
        {"url": "redis://:hunter2@cache/0"},
        {"error": "connect to https://me:hun@ter2@proxy:3128/ failed"},
        {"error": ValueError("dsn 'postgres://a:hunter2@b'")},
        {"error": "host=db user=me password=hunter2 dbname=x"},
        {"error": "host=db password='hunter2 with space'"},
        {"url": "https://api/x?api_key=hunter2&symbol=BTC"},
        {"password": "hunter2"},
        {"db_passwd": "hunter2"},
        {"bot_token": "hunter2"},
        {"client_secret": b"hunter2"},
        {"timescale_dsn": "host=db password=hunter2"},
        {"headers": {"Authorization": "hunter2"}},
        {"urls": ["http://a/", "http://u:hunter2@b/"]},
        {"nested": {"deep": [{"token": "hunter2"}]}},
        {"raw": b"wss://u:hunter2@c/"},
    ],
)
def test_secrets_never_get_out(capsys, form, fields):
    set_up("info", form)
    structlog.get_logger().info("connecting", **fields)
    (line,) = logged(capsys)
    assert "hunter2" not in line
    assert "ter2" not in line
    assert HIDDEN in line


def test_a_secret_in_the_message_or_the_traceback_is_hidden(capsys):
    set_up("info", "logfmt")
    try:
        failing(OSError("postgres://a:hunter2@b is away"))
    except OSError:
        structlog.get_logger().exception("lost redis://x:hunter2@y")
    (line,) = logged(capsys)
    assert "hunter2" not in line
    assert "redis://***@y" in line


def test_addresses_without_credentials_stay_whole(capsys):
    set_up("info", "logfmt")
    url = "wss://fstream.binance.com:443/market/ws/!forceOrder@arr/btcusdt@markPrice@1s"
    structlog.get_logger().info("connecting", url=url)
    assert url in logged(capsys)[0]


def test_what_an_exchange_sent_cannot_break_the_line_or_reach_the_terminal(capsys):
    set_up("info", "logfmt")
    structlog.get_logger().info("frame refused", reason="a\r\nlevel=error msg=forged \x1b[31m\x9b")
    (line,) = logged(capsys)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in line)
    assert "\\r\\n" in line


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_libraries_log_in_the_same_form(capsys, form):
    set_up("info", form)
    logging.getLogger("aiohttp.server").warning("odd request from %s", "http://u:hunter2@h/")
    logging.getLogger("websockets").info("chatter")
    (line,) = logged(capsys)
    assert "hunter2" not in line
    if form == "json":
        assert json.loads(line)["logger"] == "aiohttp.server"
    else:
        assert "level=warning" in line
        assert "logger=aiohttp.server" in line


def test_set_up_twice_does_not_repeat_lines(capsys):
    set_up("info", "logfmt")
    set_up("info", "logfmt")
    logging.getLogger("asyncio").error("once")
    assert len(logged(capsys)) == 1
    assert sys.stderr.isatty() is False
