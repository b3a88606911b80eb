"""METRICS.md and docs/configuration.md say what the code says, and config.yaml says the same."""

import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from exporter.config import Config, environment_name, leaves
from exporter.metrics import FAMILIES, Exposition
from exporter.metrics.catalogue import GROUPS
from reference.__main__ import PAGES, ROOT, stale
from reference.labels import BUCKETS, LABELS, series, values
from reference.meanings import meanings
from tests.unit.metrics.filled import NOW_MS, busy_view
from tests.unit.metrics.parsed import OF_THE_PROCESS, parsed

CONFIGURATION = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")


def test_the_pages_are_in_step():
    assert stale() == [], "run make docs"


def test_a_changed_page_is_noticed(tmp_path):
    for name, page in PAGES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(page(), encoding="utf-8")
    assert stale(tmp_path) == []
    (tmp_path / "METRICS.md").write_text("else", encoding="utf-8")
    (tmp_path / "docs/configuration.md").unlink()
    assert sorted(stale(tmp_path)) == ["METRICS.md", "docs/configuration.md"]


@pytest.mark.parametrize("key", leaves(Config))
def test_every_key_is_there_with_its_variable(key):
    assert f"`{environment_name(key)}`" in CONFIGURATION
    if not key.startswith("exchanges."):
        assert f"\n| `{key}` |" in CONFIGURATION


def commented_keys(path: Path):
    """The keys of a YAML file with a comment in their line, and the comment."""
    parents: list[tuple[int, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        found = re.match(r"( *)(\w+):(.*)", line)
        if not found:
            continue
        depth = len(found[1])
        parents = [each for each in parents if each[0] < depth] + [(depth, found[2])]
        _, _, comment = found[3].partition(" # ")
        if comment:
            yield tuple(name for _, name in parents), comment.strip()


def test_the_shipped_file_says_the_same_lines_of_meaning():
    said = set()
    for path, comment in commented_keys(ROOT / "config.yaml"):
        section = Config()
        for name in path[:-1]:
            section = getattr(section, name) if isinstance(section, msgspec.Struct) else None
        if isinstance(section, msgspec.Struct) and not isinstance(getattr(section, path[-1]), msgspec.Struct):
            assert meanings(type(section), [path[-1]])[path[-1]] == comment, ".".join(path)
            said.add(".".join(path))
    short = ("exchanges.", "signals.calm.", "signals.levels.watch", "signals.levels.warning", "signals.levels.critical")
    assert {key for key in leaves(Config) if not key.startswith(short)} <= said


class Block(msgspec.Struct):
    beside: int = 1  # one
    # two
    above: int = 2
    silent: int = 3


def test_a_key_without_a_line_of_meaning_is_refused():
    assert meanings(Block, ["beside", "above"]) == {"beside": "one", "above": "two"}
    with pytest.raises(ValueError, match=r"Block\.silent needs a comment"):
        meanings(Block, Block.__struct_fields__)


def test_every_group_of_families_is_in_the_catalogue_once():
    names = [family.name for families in GROUPS.values() for family in families]
    assert len(names) == len(set(names)) == len(FAMILIES)


@pytest.fixture(scope="module")
def samples():
    """Every series of a busy exporter's page: the family, the series' name, and its labels."""
    body, _ = Exposition(busy_view(20)).render(None, NOW_MS)
    by_series = {name: family for family in FAMILIES.values() for name in family.series}
    return [
        (by_series[name], name, dict(labels))
        for shown, family in parsed(body).items()
        if not shown.startswith(OF_THE_PROCESS)
        for name, labels, _ in family["samples"]
        if ("reason", "unheard_of") not in labels  # a reason beyond those that are known is shown when it occurs
    ]


def test_labels_have_the_values_that_the_page_says(samples):
    for family, name, labels in samples:
        for label, value in labels.items():
            if label == "le":
                assert value == "+Inf" or float(value) in BUCKETS[family.name]
            else:
                assert not values(family, label) or value in values(family, label), (name, value)


def test_every_label_is_explained_and_every_explained_label_is_used():
    assert LABELS.keys() == {label for family in FAMILIES.values() for label in family.labels}


def test_there_are_not_more_series_than_the_page_says(samples):
    shown = Counter(family.name for family, *_ in samples)
    coins = {(family.name, labels["base"]) for family, _, labels in samples if "base" in labels}
    by_family = Counter(name for name, _ in coins)
    for name, family in FAMILIES.items():
        number, _, each_coin = series(family).partition(" ")
        assert shown[name] <= int(number) * (by_family[name] if each_coin else 1), name
