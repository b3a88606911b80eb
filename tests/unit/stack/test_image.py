import re
import tomllib
from fnmatch import fnmatch

from tests.unit.stack.compose import ROOT

LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
INSTRUCTIONS = [tuple(line.split(maxsplit=1)) for line in LINES if line and not line.startswith(("#", " "))]


def all_of(name):
    return [rest for instruction, rest in INSTRUCTIONS if instruction == name]


def test_what_is_copied_exists_and_is_not_ignored():
    ignore = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    copied = [words.split()[0] for words in all_of("COPY") if not words.startswith("--from")]
    assert copied
    for source in copied:
        assert (ROOT / source).exists()
        last = [rule for rule in ignore if fnmatch(source, rule.removeprefix("!"))][-1]
        assert last.startswith("!"), f".dockerignore leaves {source} out"


def test_one_python_that_the_project_supports():
    images = {image.split()[0] for image in all_of("FROM")}
    assert len(images) == 1, "both stages share the interpreter that the packages were installed for"
    version = re.fullmatch(r"python:(\d+\.\d+)-slim-\w+", images.pop())[1]
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert [int(part) for part in version.split(".")] >= [int(part) for part in oldest.split(".")]


def test_packages_are_those_of_the_lock():
    installs = [command for command in all_of("RUN") if "pip install" in command]
    assert len(installs) == 1
    assert "--require-hashes -r /build/requirements.lock" in installs[0]


def test_it_does_not_run_as_root_and_writes_to_its_volume_only():
    assert all_of("USER") == ["exporter"]
    assert all_of("VOLUME") == ["/data"]
    assert INSTRUCTIONS.index(("USER", "exporter")) > max(
        number for number, (instruction, _) in enumerate(INSTRUCTIONS) if instruction in ("RUN", "COPY")
    )
