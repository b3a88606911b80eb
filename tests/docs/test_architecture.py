"""docs/architecture.md names every part, what may import what, and every thread."""

import re

import pytest

from tests.docs.markdown import ROOT, codes, page
from tests.unit.test_layers import ALLOWED, PURE_LAYERS, TOP, VIEWED

PAGE = page(ROOT / "docs/architecture.md")
TEXT = PAGE.text
rows = PAGE.rows


PARTS = {name: imports for names, _, imports in rows("part of `exporter/`") for name in codes(names)}


def test_every_part_is_in_the_table():
    files = (ROOT / "exporter").glob("[!_]*")
    parts = {path.stem for path in files if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert not parts ^ PARTS.keys(), "each has a row in docs/architecture.md, and nothing else has"


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_may_import_what_the_table_says(part):
    said = PARTS[part]
    if part not in ALLOWED:
        assert said == "not limited"
        return
    if said.startswith("what renders"):
        assert {*codes(said), *VIEWED} == ALLOWED[part]
    else:
        assert set(codes(said)) == ALLOWED[part] - {""}
        assert codes(said) or said == "none"


def test_what_renders_may_read_what_the_text_says():
    [paragraph] = re.findall(r"^\*What renders\* (.*?)\n\n", TEXT, re.MULTILINE | re.DOTALL)
    assert set(codes(paragraph)) == VIEWED - {""}


def test_the_top_and_the_pure_parts_are_those_of_the_layers():
    [top] = [names for names, what, _ in rows("part of `exporter/`") if what.startswith("the top")]
    assert set(codes(top)) == TOP - {"__main__"}
    [pure] = re.findall(r"^(`model`.*?) are pure", TEXT, re.MULTILINE | re.DOTALL)
    assert set(codes(pure)) == set(PURE_LAYERS)


def test_every_thread_is_in_the_table():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "exporter").rglob("*.py"))
    prefixes = set(re.findall(r'thread_name_prefix=f?"([^"{]+)', source))
    said = {re.sub("(?<=-).*", "", name) for names, *_ in rows("thread") for name in codes(names)}
    assert not prefixes ^ said, "each has a row in docs/architecture.md"


def test_what_holds_a_promise_is_there():
    for _, _, held in rows("promise"):
        for name in codes(held):
            assert name in ("make chaos", "check") or (ROOT / name).is_file(), name
