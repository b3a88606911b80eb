"""The web file at work: TLS, users, headers, a rate, and what happens when it changes."""

import asyncio
import shutil
import ssl

import aiohttp
import pytest

from exporter.config import ConfigError
from exporter.web import passwords
from tests.certificates import authority, signed
from tests.integration.guarded import PAGE, guarded, hashed, trusting

ENDPOINTS = (
    "/",
    "/metrics",
    "/-/healthy",
    "/-/ready",
    "/api/v1/stats",
    "/api/v1/stream",
    "/static/page.js",
    "/nowhere",
)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory, ca):
    return signed(tmp_path_factory.mktemp("pair"), "exporter", ca)


def tls(pair, **more):
    return {"tls_server_config": {"cert_file": str(pair.cert), "key_file": str(pair.key), **more}}


def users(**given):
    return {"basic_auth_users": {name: hashed(password) for name, password in given.items()}}


async def serial(server, ca):
    """The serial number of the certificate that a new connection is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(ca))
    number = writer.get_extra_info("peercert")["serialNumber"]
    writer.close()
    return number


async def test_every_endpoint_wants_user_and_password(tmp_path):
    async with guarded(tmp_path, **users(alice="right")) as server:
        for path in ENDPOINTS:
            status, headers, body = await server.get(path)
            assert status == 401, path
            assert headers["WWW-Authenticate"].startswith("Basic ")
            assert b"user and password are needed" in body
        for auth in (("alice", "wrong"), ("bob", "right"), ("", ""), ("alice", "")):
            assert (await server.get(auth=auth))[0] == 401
        assert (await server.get("/-/reload", method="POST"))[0] == 401
        for _ in range(2):
            assert (await server.get(auth=("alice", "right")))[2] == PAGE


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic YWxpY2U=", "Bearer YWxpY2U6cmlnaHQ=", "Basic /w==", ""])
async def test_a_header_that_holds_no_password_is_none(tmp_path, header):
    async with guarded(tmp_path, **users(alice="right")) as server:
        assert (await server.get(headers={"Authorization": header}))[0] == 401


async def test_names_and_passwords_may_have_any_characters(tmp_path):
    given = {"ålice": "pa:ss wörd", "long": "x" * 100}
    tree = {"basic_auth_users": {"ålice": hashed("pa:ss wörd"), "long": hashed("x" * 72)}}
    async with guarded(tmp_path, **tree) as server:
        for auth in given.items():
            assert (await server.get(auth=auth))[0] == 200
        assert (await server.get(auth=("long", "x" * 71)))[0] == 401
        assert (await server.get(auth=("long", "x\0y")))[0] == 401


async def test_users_come_and_go_without_a_restart(tmp_path):
    async with guarded(tmp_path, **users(alice="right")) as server:
        server.write(**users(bob="right"))
        assert (await server.get(auth=("bob", "right")))[0] == 200
        assert (await server.get(auth=("alice", "right")))[0] == 401
        server.write(**users(bob="changed"))
        assert (await server.get(auth=("bob", "right")))[0] == 401
        assert (await server.get(auth=("bob", "changed")))[0] == 200


@pytest.mark.parametrize(
    "text", ["", "basic_auth_users: {}", "basic_auth_users: {alice: plain}", "no: [", "unknown: 1", None]
)
async def test_a_broken_file_leaves_the_old_one_in_force(tmp_path, text, capsys):
    async with guarded(tmp_path, **users(alice="right")) as server:
        assert server.view.web_file_in_force
        if text is None:
            server.file.unlink()
        else:
            server.file.write_text(text)
        for _ in range(3):
            assert (await server.get())[0] == 401
            assert (await server.get(auth=("alice", "right")))[0] == 200
        assert not server.view.web_file_in_force
        said = capsys.readouterr().out
        assert said.count("web file not taken over") == 1
        assert "plain" not in said
        server.write(**users(alice="new"))
        assert (await server.get(auth=("alice", "new")))[0] == 200
        assert server.view.web_file_in_force


async def test_the_certificate_is_rotated_without_a_restart(tmp_path, ca, pair):
    cert, key = tmp_path / "server.crt", tmp_path / "server.key"
    shutil.copy(pair.cert, cert)
    shutil.copy(pair.key, key)
    newer = signed(tmp_path, "newer", ca)
    tree = {"tls_server_config": {"cert_file": "server.crt", "key_file": "server.key"}}
    async with guarded(tmp_path, **tree) as server:
        assert server.address.startswith("https://")
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(ca))
        before = writer.get_extra_info("peercert")["serialNumber"]
        shutil.copy(newer.cert, cert)
        assert await serial(server, ca) == before, "half of a pair is not used"
        assert not server.view.web_file_in_force
        shutil.copy(newer.key, key)
        assert await serial(server, ca) != before
        assert server.view.web_file_in_force
        writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in await reader.readline(), "the old connection goes on"
        writer.close()
        cert.write_text("junk")
        assert (await server.get(context=trusting(ca)))[0] == 200


async def test_certificates_can_stand_in_the_file(tmp_path, ca, pair):
    tree = {"tls_server_config": {"cert": pair.cert.read_text(), "key": pair.key.read_text()}}
    async with guarded(tmp_path, **tree) as server:
        assert (await server.get(context=trusting(ca)))[2] == PAGE


async def test_tls_is_not_switched_off_by_a_change(tmp_path, ca, pair):
    async with guarded(tmp_path, **tls(pair)) as server:
        server.write()
        assert (await server.get(context=trusting(ca)))[0] == 200
        assert not server.view.web_file_in_force


@pytest.mark.parametrize(("oldest", "newest", "spoken"), [("TLS12", "TLS12", "TLSv1.2"), ("TLS13", "TLS13", "TLSv1.3")])
async def test_versions_are_limited(tmp_path, ca, pair, oldest, newest, spoken):
    async with guarded(tmp_path, **tls(pair, min_version=oldest, max_version=newest)) as server:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trusting(ca)
            context.minimum_version = context.maximum_version = version
            connecting = asyncio.open_connection("127.0.0.1", server.port, ssl=context)
            if version.name.replace("_", ".") == spoken:
                _, writer = await connecting
                assert writer.get_extra_info("cipher")[1] == spoken
                writer.close()
            else:
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    await connecting


async def test_tls_below_12_is_not_spoken(tmp_path, ca, pair):
    async with guarded(tmp_path, **tls(pair)) as server:
        context = trusting(ca)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", server.port, ssl=context)


async def test_only_the_named_suites_are_spoken(tmp_path, ca, pair):
    suites = ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]
    async with guarded(tmp_path, **tls(pair, max_version="TLS12", cipher_suites=suites)) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(ca))
        assert writer.get_extra_info("cipher")[0] == "ECDHE-ECDSA-CHACHA20-POLY1305"
        writer.close()


async def test_clients_need_a_certificate_when_they_are_asked_for_one(tmp_path, ca, pair):
    stranger = signed(tmp_path, "stranger", authority(tmp_path, "other"))
    friend, other = signed(tmp_path, "friend", ca), signed(tmp_path, "other-friend", ca)
    more = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(ca.cert)}
    async with guarded(tmp_path, **tls(pair, **more)) as server:
        assert (await server.get(context=trusting(ca, friend)))[0] == 200
        for client in (None, stranger):
            with pytest.raises((aiohttp.ClientError, OSError)):
                await server.get(context=trusting(ca, client))
        server.write(**tls(pair, **more, client_allowed_sans=["friend"]))
        assert (await server.get(context=trusting(ca, friend)))[0] == 200
        with pytest.raises((aiohttp.ClientError, OSError)):
            await server.get(context=trusting(ca, other))
        server.write(**tls(pair))
        with pytest.raises((aiohttp.ClientError, OSError)):
            await server.get(context=trusting(ca))
        assert not server.view.web_file_in_force, "that takes a restart"


async def test_headers_of_the_file_replace_the_servers_own(tmp_path):
    given = {"X-Frame-Options": "sameorigin", "Strict-Transport-Security": "max-age=1", "X-XSS-Protection": ""}
    async with guarded(tmp_path, http_server_config={"headers": given}) as server:
        _, headers, _ = await server.get()
        assert headers["X-Frame-Options"] == "sameorigin"
        assert headers["Strict-Transport-Security"] == "max-age=1"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "X-XSS-Protection" not in headers


async def test_requests_beyond_the_rate_are_refused(tmp_path):
    async with guarded(tmp_path, rate_limit={"interval": "1h", "burst": 2}) as server:
        assert [(await server.get())[0] for _ in range(3)] == [200, 200, 429]
        server.write(rate_limit={"interval": "1h", "burst": 1})
        assert [(await server.get())[0] for _ in range(2)] == [200, 429]


async def test_the_socket_in_the_data_folder_is_for_its_owner_and_needs_no_password(tmp_path):
    async with guarded(tmp_path, **users(alice="right")) as server:
        path = tmp_path / "web.sock"
        assert path.stat().st_mode & 0o777 == 0o600
        assert server.server.inside == f"unix:{path}"
        connector = aiohttp.UnixConnector(str(path))
        async with aiohttp.ClientSession(connector=connector) as session, session.get("http://x/metrics") as answer:
            assert await answer.read() == PAGE
    assert not path.exists()


async def test_a_wrong_password_and_an_unknown_user_are_the_same_work(tmp_path, monkeypatch):
    """Counted in rounds of bcrypt, which is what takes the time: 2 ** cost each."""
    tree = {"basic_auth_users": {"low": hashed("right", 4), "middle": hashed("right", 5), "high": hashed("right", 7)}}
    rounds = []
    matches = passwords._matches
    monkeypatch.setattr(
        passwords, "_matches", lambda given, found: rounds.append(2 ** int(found[4:6])) or matches(given, found)
    )
    async with guarded(tmp_path, **tree) as server:
        for user in ("low", "middle", "high", "nobody", "låw"):
            rounds.clear()
            assert (await server.get(auth=(user, "wrong")))[0] == 401
            assert sum(rounds) == 2**7, user
        rounds.clear()
        assert (await server.get(auth=("low", "wrong")))[0] == (await server.get(auth=("nobody", "wrong")))[0] == 401
        assert (await server.get(auth=("low", "right")))[0] == (await server.get(auth=("low", "right")))[0] == 200
        assert rounds == [2**4], "what was seen before is not compared again"


async def test_guesses_do_not_push_known_passwords_out(tmp_path, monkeypatch):
    monkeypatch.setattr(passwords, "REMEMBERED", 3)
    async with guarded(tmp_path, **users(alice="right")) as server:
        assert (await server.get(auth=("alice", "right")))[0] == 200
        for guess in range(10):
            assert (await server.get(auth=("alice", str(guess))))[0] == 401
        monkeypatch.setattr(passwords, "compare", None)
        assert (await server.get(auth=("alice", "right")))[0] == 200


async def test_a_file_that_cannot_be_used_ends_the_start(tmp_path):
    with pytest.raises(ConfigError, match="basic_auth_users"):
        async with guarded(tmp_path, basic_auth_users={"alice": "plain"}):
            pass
