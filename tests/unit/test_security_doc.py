"""docs/security.md: every test that it names exists, and its files and commands work."""

import re
import subprocess

import pytest

from exporter.access import access
from exporter.config import Config
from exporter.web import connection, gate, guard, passwords, stream, worker
from exporter.webfile import read
from exporter.webfile.checks import HIGHEST_COST
from tests.certificates import authority
from tests.unit.stack.compose import ROOT

TEXT = (ROOT / "docs/security.md").read_text()
NAMED = sorted(set(re.findall(r"`((?:unit|integration|system)/[\w/]+\.py)(?:::(\w+))?`", TEXT)))
SNIPPETS = [re.sub("^   ", "", each, flags=re.MULTILINE) for each in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_the_tests_that_hold_the_claims_exist(file, test):
    assert f"def {test}(" in (ROOT / "tests" / file).read_text() if test else (ROOT / "tests" / file).exists()


def test_its_steps_lead_to_files_that_can_be_used(tmp_path):
    [script] = re.findall(r"```sh\n(   mkdir .*?)```", TEXT, re.DOTALL)
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, check=True, capture_output=True)
    folder = tmp_path / "secrets"
    authority(folder, "clients")
    (folder / "password").write_text("secret")
    for name, snippet in zip(("web", "clients"), SNIPPETS[:2], strict=True):
        file = folder / f"{name}.yaml"
        file.write_text(snippet)
        assert read(file).context
    (folder / "http.yaml").write_text(SNIPPETS[2])
    assert access("https://localhost", folder / "http.yaml").settings.basic_auth.username == "prometheus"
    assert len(SNIPPETS) == 3


@pytest.mark.parametrize(
    "row",
    [
        f"| connections | {Config().web.max_connections} (",
        f"| connections from one address | {Config().web.max_connections_per_address} (",
        f"| {Config().web.max_streams} (`web.max_streams`)",
        f"| TLS handshake, request line and headers | {gate.HEADER_S:.0f} s |",
        f"| idle connection | {gate.KEEPALIVE_S:.0f} s |",
        f"8 KiB; 8 KiB; {connection.HEADERS_MOST}; {connection.HEAD_BYTES // 1024} KiB",
        f"beyond {guard.BODY_BYTES // 1024} KiB",
        f"| an answer that is not taken | {gate.WRITE_S:.0f} s; a stream {stream.STALLED_S:.0f} s |",
        f"| answers in memory | {gate.ANSWERS} | others wait; one that is stuck for {gate.STUCK_S:.0f} s",
        f"| a tenth of a processor, after {worker.BURST_S:g} s of it |",
        f"| jobs that wait for it | {worker.WAITING} |",
        f"| passwords that wait | {passwords.WAITING} |",
        f"the last {passwords.REMEMBERED} right and {passwords.REMEMBERED} wrong ones",
        f"cost above {HIGHEST_COST} is",
    ],
)
def test_the_limits_are_those_of_the_code(row):
    assert row in TEXT
