"""Whatever stands in a file, it is taken or refused in one line."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.access import HttpSettings, access
from exporter.config import Config, ConfigError, dump, load, load_parameters
from exporter.webfile import WebFile, WebSettings, read

SHIPPED = (Path(__file__).parents[2] / "config.yaml").read_text().partition("signals:")
CONFIG = SHIPPED[0] + "exchanges: {bybit: {enabled: true, endpoints: {ws: 'wss://x'}}}\n"
PARAMETERS = "floor_usd: 50000\nlevels: {watch: {enter: 40, exit: 30}}\ncoins: {BTC: {floor_usd: 1, mute: true}}\n"
WEB_FILE = """\
tls_server_config: {cert_file: a.crt, key_file: a.key, client_auth_type: NoClientCert, min_version: TLS12,
  cipher_suites: [TLS_AES_128_GCM_SHA256], curve_preferences: [CurveP256], prefer_server_cipher_suites: true}
http_server_config: {http2: true, headers: {X-Frame-Options: deny}}
basic_auth_users: {alice: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG}
rate_limit: {interval: 1s, burst: 5}
"""
HTTP_FILE = "basic_auth: {username: a, password: b}\ntls_config: {ca_file: x, insecure_skip_verify: true}\n"

some = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

BLOCKS = (Config, WebSettings, HttpSettings)
NESTED = (
    "listen_address",
    "cert_file",
    "headers",
    "interval",
    "coins",
    "bases",
    "url",
    "endpoints",
    "bybit",
    "enabled",
)
keys = st.sampled_from([*(key for block in BLOCKS for key in block.__struct_fields__), *NESTED])
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates() | st.binary(max_size=4)
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=6) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
changes = st.lists(
    st.tuples(
        st.integers(0, 20_000),
        st.text(max_size=4) | st.sampled_from([": ", "- ", "{", "[", "&a ", "*a", "\t", "!!x "]),
        st.integers(0, 9),
    ),
    max_size=4,
)

READERS = {
    "config": (CONFIG, lambda path: load(path, {}, {}), Config),
    "parameters": (PARAMETERS, load_parameters, object),
    "web": (WEB_FILE, read, WebFile),
    "http": (HTTP_FILE, lambda path: access("http://x", path).settings, HttpSettings),
}


def one_line_or_taken(path, reader, kind):
    found, complaint = None, str(path)
    try:
        found = reader(path)
    except ConfigError as error:
        complaint = str(error)
    assert "\n" not in complaint
    assert str(path) in complaint
    assert found is None or isinstance(found, kind)
    if isinstance(found, Config):
        assert yaml.safe_load(dump(found))


@pytest.mark.parametrize("name", READERS)
@some
@given(tree=trees)
def test_any_tree(tmp_path, name, tree):
    _, reader, kind = READERS[name]
    path = tmp_path / "file.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    one_line_or_taken(path, reader, kind)


@pytest.mark.parametrize("name", READERS)
@some
@given(edits=changes)
def test_a_good_file_with_slips(tmp_path, name, edits):
    text, reader, kind = READERS[name]
    for anywhere, new, gone in edits:
        place = anywhere % len(text)
        text = text[:place] + new + text[place + gone :]
    path = tmp_path / "file.yaml"
    path.write_bytes(text.encode("utf-8", "replace"))
    one_line_or_taken(path, reader, kind)


@pytest.mark.parametrize("name", READERS)
@some
@given(junk=st.binary(max_size=60))
def test_any_bytes(tmp_path, name, junk):
    _, reader, kind = READERS[name]
    path = tmp_path / "file.yaml"
    path.write_bytes(junk)
    one_line_or_taken(path, reader, kind)
