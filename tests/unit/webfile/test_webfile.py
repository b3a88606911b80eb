import pytest
import yaml

from exporter.config import ConfigError
from exporter.webfile import cost, read
from tests.certificates import authority, signed

HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
"""The example of the toolkit's documentation."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("pair")
    signed(made, "server", authority(made))
    signed(made, "other", authority(made, "second"))
    (made / "sub").mkdir()
    return made


def parsed(folder, tree):
    path = folder / "web.yaml"
    path.write_text(tree if isinstance(tree, str) else yaml.safe_dump(tree))
    return read(path)


def test_an_empty_file_asks_for_nothing(folder):
    for text in ("", "{}", "tls_server_config:\n", "tls_server_config: {}\nbasic_auth_users:\n"):
        file = parsed(folder, text)
        assert file.context is None
        assert file.settings.basic_auth_users == {}


def test_a_whole_file_is_taken(folder):
    file = parsed(
        folder,
        {
            "tls_server_config": {
                "cert_file": "server.crt",
                "key_file": "server.key",
                "client_auth_type": "RequireAndVerifyClientCert",
                "client_ca_file": "ca.crt",
                "client_allowed_sans": ["prometheus"],
                "min_version": "TLS12",
                "max_version": "TLS13",
                "cipher_suites": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"],
                "prefer_server_cipher_suites": False,
                "curve_preferences": ["CurveP256"],
            },
            "http_server_config": {"http2": True, "headers": {"X-Frame-Options": "deny"}},
            "basic_auth_users": {"alice": HASH},
            "rate_limit": {"interval": "100ms", "burst": 10},
        },
    )
    assert file.context
    assert [path.name for path in file.paths] == ["web.yaml", "server.crt", "server.key", "ca.crt"]
    assert file.notes == ["http_server_config.http2 has no effect: this server speaks HTTP/1.1"]


def pair(**more):
    return {"tls_server_config": {"cert_file": "server.crt", "key_file": "server.key", **more}}


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"tls": {}}, ["tls: unknown key", "tls_server_config"]),
        ({"tls_server_config": {"cert_fil": "x"}}, ["tls_server_config.cert_fil: unknown key", "cert_file"]),
        ({"tls_server_config": {"cert_file": "server.crt"}}, ["tls_server_config.key_file", "give key or key_file"]),
        (pair(cert="x"), ["tls_server_config.cert_file", "one of them"]),
        (pair(key_file="nowhere.key"), ["tls_server_config.key_file", "nowhere.key", "No such file"]),
        (pair(key_file="other.key"), ["tls_server_config.cert_file", "cannot be used together"]),
        (pair(cert_file="web.yaml"), ["tls_server_config.cert_file", "cannot be used together"]),
        (pair(cert_file="sub"), ["tls_server_config.cert_file"]),
        (pair(min_version="TLS11"), ["tls_server_config.min_version", "TLS11"]),
        (pair(min_version="TLS13", max_version="TLS12"), ["tls_server_config.min_version", "above max_version"]),
        (pair(cipher_suites=["RC4"]), ["tls_server_config.cipher_suites", "'RC4'", "TLS_AES_128_GCM_SHA256"]),
        (
            pair(cipher_suites=["TLS_AES_128_GCM_SHA256"], max_version="TLS12"),
            ["tls_server_config.cipher_suites", "TLS 1.2"],
        ),
        (pair(curve_preferences=["X25519"]), ["tls_server_config.curve_preferences", "CurveP256"]),
        (pair(client_auth_type="RequireAnyClientCert"), ["client_auth_type", "RequireAndVerifyClientCert"]),
        (pair(client_auth_type="Sometimes"), ["client_auth_type", "'Sometimes'"]),
        (pair(client_auth_type="RequireAndVerifyClientCert"), ["client_ca_file", "client_ca"]),
        (pair(client_ca_file="ca.crt"), ["client_ca_file", "client_auth_type"]),
        (
            pair(client_ca_file="web.yaml", client_auth_type="RequireAndVerifyClientCert"),
            ["client_ca_file", "no certificate"],
        ),
        (pair(client_allowed_sans=["x"]), ["client_allowed_sans", "RequireAndVerifyClientCert"]),
        ({"basic_auth_users": {"alice": "hunter2"}}, ["basic_auth_users.alice", "not a bcrypt hash", "htpasswd"]),
        ({"basic_auth_users": {"alice": HASH.replace("10", "31")}}, ["basic_auth_users.alice", "cost 31"]),
        ({"basic_auth_users": {"a:b": HASH}}, ["basic_auth_users.a:b", "colon"]),
        ({"basic_auth_users": [HASH]}, ["basic_auth_users", "object"]),
        ({"http_server_config": {"headers": {"Server": "x"}}}, ["headers.Server", "X-Frame-Options"]),
        ({"http_server_config": {"headers": {"X-Frame-Options": "allow"}}}, ["X-Frame-Options", "deny or sameorigin"]),
        ({"http_server_config": {"headers": {"X-XSS-Protection": "0\r\nA: b"}}}, ["X-XSS-Protection", "characters"]),
        ({"rate_limit": {"interval": "1s"}}, ["rate_limit.burst", "at least 1"]),
        ({"rate_limit": {"interval": "often"}}, ["rate_limit.interval", "often"]),
        ("a: [", ["not valid YAML"]),
        ("- x", ["keys and values"]),
    ],
)
def test_what_cannot_be_used_is_one_clear_line(folder, tree, words):
    with pytest.raises(ConfigError) as caught:
        parsed(folder, tree)
    message = str(caught.value)
    assert message.startswith(str(folder / "web.yaml"))
    assert "\n" not in message
    assert "hunter2" not in message
    assert HASH[29:] not in message
    assert all(word in message for word in words), message


def test_a_missing_file_names_its_flag(tmp_path):
    with pytest.raises(ConfigError, match=r"no such file; give one with --web\.config\.file"):
        read(tmp_path / "web.yaml")


def test_the_cost_of_a_hash():
    assert cost(HASH) == 10
    assert cost(HASH[:-1]) is None
