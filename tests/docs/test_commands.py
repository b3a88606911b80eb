"""Command lines of the pages: targets exist, arguments are accepted, addresses answer."""

import re
import shlex
import subprocess
from importlib.util import find_spec

import aiohttp
import pytest

from exporter.cli import main, parser
from tests.docs.markdown import ROOT, blocks, pages
from tests.environment import outside_make
from tests.integration.serving import serving

PLACEHOLDERS = {"NAME": "binance", "X": "binance", "COMMAND": "run", "FILE": "file.jsonl", "...": ""}
"""What stands in a page for something of the reader's own."""


def lines():
    """Every line of a command, from blocks and from code within lines, with its page."""
    for block in blocks("sh", "bash", "console"):
        joined = block.text.replace("\\\n", " ")
        yield from ((block.page, line.partition(" #")[0].strip()) for line in joined.splitlines() if line.strip())
    for each in pages():
        yield from ((each.name, code) for code in each.codes if re.match(r"(make|curl|\S*python3? -m) \S", code))


LINES = sorted(set(lines()))


def words(line):
    return [PLACEHOLDERS.get(word.removesuffix("..."), word.removesuffix("...")) for word in shlex.split(line)]


def ours(line):
    """The arguments of `python -m MODULE` in a line, if it has one of the project's."""
    found = re.search(
        r"python3? -m (exporter|stack|grafana|reference|benchmarks[\w.]*|tests[\w.]*)(?=\s|$)([^|>&;]*)", line
    )
    return (found[1], [word for word in words(found[2]) if word]) if found else None


def made(line):
    """What `make` would run for a line, without running it."""
    start = re.search(r"(?:^|\s)make .*", line)[0]
    called = ["make", "--dry-run", "--always-make", "FILE=saved.tar", *shlex.split(start)[1:]]
    done = subprocess.run(called, cwd=ROOT, capture_output=True, text=True, check=False, env=outside_make())
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout.splitlines()


def accepted(module, arguments):
    """Fail where a module of ours would refuse its arguments."""
    if module == "exporter":
        parser().parse_args(arguments)
        return
    spec = find_spec(f"{module}.__main__") if find_spec(module).submodule_search_locations else find_spec(module)
    source = (ROOT / spec.origin).read_text(encoding="utf-8")
    for word in arguments:
        if word.startswith("--") or (module == "benchmarks" and "/" not in word):
            assert f'"{word.partition("=")[0]}"' in source, f"{module} {word}"


@pytest.mark.parametrize(("page", "line"), [each for each in LINES if ours(each[1])])
def test_arguments_are_accepted(page, line):
    module, arguments = ours(line)
    if {"--help", "--version"} & set(arguments):
        with pytest.raises(SystemExit, match=r"^0$"):
            accepted(module, arguments)
    else:
        accepted(module, arguments)


@pytest.mark.parametrize("line", sorted({line for _, line in LINES if re.search(r"(^|\s)make [a-z]", line)}))
def test_targets_exist_and_run_what_is_accepted(line):
    for command in made(line):
        if call := ours(command):
            accepted(*call)


@pytest.mark.parametrize("block", blocks("sh", "bash"), ids=lambda block: block.page)
def test_the_shell_understands_it(block):
    done = subprocess.run(["sh", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_configuration_can_be_checked(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["--config.check"]) == 0
    assert capsys.readouterr().out.endswith("ok\n")


def addresses():
    """What pages say that the exporter answers, with the method."""
    for each in pages():
        if each.name != "docs/exchanges.md":  # which has addresses of the exchanges
            yield from re.findall(r"(-X POST )?http://localhost:10110(/[\w/.~?&=-]*)", each.text)
            for code in each.codes:
                yield from re.findall(r"^(POST )?(/(?:-/|api/|metrics)[\w/.?&=-]*)$", code)


async def test_addresses_are_served():
    async with serving() as exporter, aiohttp.ClientSession() as client:
        for posted, path in sorted(set(addresses())):
            async with client.request("POST" if posted else "GET", exporter.url + path) as answer:
                base_is_missing = answer.status == 400 and "?" not in path
                assert answer.status in (200, 503) or base_is_missing, (path, await answer.text())
