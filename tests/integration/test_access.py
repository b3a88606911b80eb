"""Our own programs and a real Prometheus ask an exporter that wants TLS and a password."""

import asyncio
import json
import os
import sys
import urllib.request

import aiohttp
import pytest
import yaml

from exporter.access import access
from exporter.check.metrics import MetricsSource
from exporter.check.source import NotReadError
from exporter.errors import UserError
from stack.programs import program
from stack.service import HOST, Service, free_port, responds
from tests.certificates import authority, signed
from tests.integration.guarded import guarded, hashed
from tests.integration.served_apart import apart
from tests.integration.serving import ROOT, command, serving
from tests.system.processes import until

PASSWORD = "correct horse"


@pytest.fixture
async def server(tmp_path):
    pair = signed(tmp_path, "exporter", authority(tmp_path))
    tree = {
        "tls_server_config": {"cert_file": pair.cert.name, "key_file": pair.key.name},
        "basic_auth_users": {"prometheus": hashed(PASSWORD)},
    }
    async with guarded(tmp_path, **tree) as server:
        yield server


def settings(folder, **more):
    """Write the file of --http.config.file, with the password in another one."""
    (folder / "password").write_text(f"{PASSWORD}\n")
    path = folder / "http.yaml"
    tree = {"basic_auth": {"username": "prometheus", "password_file": "password"}, "tls_config": {"ca_file": "ca.crt"}}
    path.write_text(yaml.safe_dump(tree | more))
    return path


async def test_commands_get_in_with_a_file_as_prometheus_has_it(server, tmp_path):
    file = settings(tmp_path)
    result = await command("stats", "--json", "--url", server.address, "--http.config.file", file, cwd=tmp_path)
    assert (result.status, result.err) == (0, "")
    assert json.loads(result.out)["total"]["events"] == 0
    env = {"LIQ_URL": server.address, "LIQ_HTTP_CONFIG_FILE": str(file)}
    result = await command("exchanges", "--json", cwd=tmp_path, env=env)
    assert (result.status, result.err) == (0, "")


async def test_the_password_may_stand_in_the_environment_but_not_on_the_command_line(server, tmp_path):
    url = server.address.replace("://", "://prometheus:correct%20horse@")
    file = settings(tmp_path, basic_auth={})
    env = {"LIQ_URL": url, "LIQ_HTTP_CONFIG_FILE": str(file)}
    assert (await command("stats", "--json", cwd=tmp_path, env=env)).status == 0
    complaint = (await command("stats", "--url", url, cwd=tmp_path)).complaint
    assert "others can see a command line" in complaint
    assert "horse" not in complaint


async def test_the_exporter_with_this_configuration_is_asked_without_a_password(server, tmp_path):
    arguments = ("--config.file", tmp_path / "config.yaml", "--data.dir", tmp_path)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"web": {"config_file": str(server.file)}}))
    result = await command("stats", "--json", *arguments, cwd=tmp_path)
    assert (result.status, result.err) == (0, "")


async def test_what_keeps_out_is_told_in_one_line_without_the_password(server, tmp_path):
    url = ("--url", server.address)
    assert "not trusted" in (await command("stats", *url, cwd=tmp_path)).complaint
    wrong = settings(tmp_path, basic_auth={"username": "prometheus", "password": "battery staple"})
    complaint = (await command("stats", *url, "--http.config.file", wrong, cwd=tmp_path)).complaint
    assert "wants user and password" in complaint
    assert "staple" not in complaint


async def status(way):
    """What the exporter answers to somebody who comes this way."""
    session = way.session(aiohttp.ClientTimeout(total=20))
    async with session, session.get(f"{way.base}/metrics", **way.options()) as answer:
        return answer.status


async def test_the_name_in_the_certificate_can_be_told(server, tmp_path):
    for tls, good in (
        ({"ca_file": "ca.crt", "server_name": "exporter"}, True),
        ({"ca_file": "ca.crt", "server_name": "stranger"}, False),
        ({"insecure_skip_verify": True}, True),
    ):
        way = access(server.address, settings(tmp_path, tls_config=tls))
        if good:
            assert await status(way) == 200
        else:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await status(way)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"basic_auth": {"password": "staple", "password_file": "x"}}, "password or password_file"),
        ({"basic_auth": {"username": "x", "password_file": "nowhere"}}, "nowhere cannot be read"),
        ({"basic_auth": {"username": "a:b", "password": "staple"}}, "has no colon"),
        ({"tls_config": {"ca_file": "nowhere"}}, "nowhere cannot be used"),
        ({"tls_config": {"ca": "x"}}, "tls_config.ca: unknown key"),
    ],
)
async def test_a_bad_file_is_one_line_without_the_password(tmp_path, tree, words):
    file = settings(tmp_path, **{"tls_config": {}} | tree)
    with pytest.raises(UserError, match=words) as caught:
        await access("https://127.0.0.1:1", file).session(aiohttp.ClientTimeout()).close()
    assert "staple" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_the_check_reads_the_metrics_through_the_socket(tmp_path):
    with apart(tmp_path, basic_auth_users={"alice": hashed(PASSWORD)}) as server:
        source = MetricsSource(access(server.server.server.inside), demanded=True)
        reading = await source.read("")
        assert reading.place.events == 3
        outside = MetricsSource(access(f"http://127.0.0.1:{server.port}"), demanded=True)
        with pytest.raises(NotReadError, match="HTTP 401"):
            await outside.read("")


async def healthy(folder, **env):
    """The exit status of the container's health check."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter.healthy"), cwd=ROOT, env=os.environ | {"LIQ_DATA_DIR": str(folder)} | env
    )
    return await process.wait()


async def test_the_health_check_of_the_container_needs_no_password(server, tmp_path):
    nobody = {"LIQ_WEB_LISTEN_ADDRESS": f"127.0.0.1:{free_port()}"}
    assert await healthy(tmp_path, **nobody) == 0
    assert await healthy(tmp_path / "elsewhere", **nobody) == 1


async def test_the_health_check_asks_the_port_when_there_is_no_web_file(tmp_path):
    async with serving() as exporter:
        env = {"LIQ_WEB_LISTEN_ADDRESS": f":{exporter.port}"}
        assert await healthy(tmp_path, **env) == 0
        (tmp_path / "web.sock").touch()
        assert await healthy(tmp_path, **env) == 0, "what a crash has left is no hindrance"


async def test_a_bad_web_file_is_one_line_at_the_start_and_in_the_check(tmp_path):
    web = tmp_path / "web.yaml"
    web.write_text("basic_auth_users: {alice: hunter2}\n")
    for arguments in (("--config.check",), ("run", "--data.dir", tmp_path / "data")):
        complaint = (await command(*arguments, "--web.config.file", web, cwd=tmp_path)).complaint
        assert "basic_auth_users.alice: is not a bcrypt hash" in complaint
        assert "hunter2" not in complaint
    assert not (tmp_path / "data").exists()
    web.write_text("http_server_config: {http2: true}\n")
    result = await command("--config.check", "--web.config.file", web, cwd=tmp_path)
    assert result.status == 0
    assert "note: http_server_config.http2 has no effect" in result.out


class Prometheus(Service):
    """A real one with one scrape job."""

    name = "prometheus"

    def command(self):
        return [
            *(program("prometheus"), f"--config.file={self.folder / 'prometheus.yml'}"),
            *(f"--storage.tsdb.path={self.folder / 'data'}", f"--web.listen-address={HOST}:{self.port}"),
        ]

    def answers(self):
        return responds(f"http://{HOST}:{self.port}/-/ready")


async def test_prometheus_scrapes_it_with_the_job_of_the_documentation(server, tmp_path):
    text = (ROOT / "docs/integrate.md").read_text()
    [job] = [each for each in text.split("```yaml\n") if "password_file" in each.split("```")[0]]
    job = job.split("```")[0].replace("exporter.example:10110", f"127.0.0.1:{server.port}")
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "liquidations").write_text(PASSWORD)
    (secrets / "liquidations-ca.crt").write_text((tmp_path / "ca.crt").read_text())
    job = job.replace("/etc/prometheus/secrets", str(secrets)).replace("5s", "1s").replace("4s", "1s")
    (tmp_path / "prometheus.yml").write_text(job)
    prometheus = Prometheus(tmp_path, free_port())
    await asyncio.to_thread(prometheus.start)
    try:
        query = f"{prometheus.address}/api/v1/query?query=liquidation_events_total"

        def scraped():
            with urllib.request.urlopen(query, timeout=5) as answer:
                return json.load(answer)["data"]["result"]

        found = await asyncio.to_thread(until, scraped, "a scrape")
        assert found[0]["metric"]["job"] == "liquidations"
        assert found[0]["value"][1] == "1"
    finally:
        await asyncio.to_thread(prometheus.stop)
