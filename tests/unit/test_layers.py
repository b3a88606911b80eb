"""Who may import whom, read from the source: data flows one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "exporter"
PURE = {
    "asyncio",
    "socket",
    "websockets",
    "aiohttp",
    "structlog",
    "logging",
    "time",
    "datetime",
    "random",
    "prometheus_client",
}
"""What pure code must not touch: input and output, logs, clocks, chance, metrics."""
PURE_LAYERS = ("model", "exchanges", "stats", "cells", "ledger", "levels", "gaps", "histogram", "signals")
TOP = {"app", "cli", "demo", "commands", "__main__"}

VIEWED = {
    "view",
    "model",
    "stats",
    "cells",
    "ledger",
    "levels",
    "gaps",
    "histogram",
    "feeds.status",
    "exchanges",
    "journal",
    "stores",
    "check",
    "alerts.status",
    "analysis.status",
    "analysis.words",
    "signals.readings",
    "",
}
"""What renderers may read."""

ALLOWED = {
    "model": set(),
    "histogram": set(),
    "isotime": set(),
    "exchanges": {"model", "isotime"},
    "signals": {"model"},
    "analysis": {"model", "signals", "exchanges", "journal"},
    "alerts": {"model", "config", "analysis.status", "signals.readings"},
    "stats": {"model"},
    "cells": {"model", "stats", "histogram"},
    "ledger": {"model", "stats", "cells"},
    "levels": {"model"},
    "gaps": {"model"},
    "questions": {"model", "exchanges", "journal"},
    "journal": {"model", "cells", "levels", "histogram", "errors", "signals.readings"},
    "feeds": {"model", "exchanges", "config", "histogram", ""},
    "stores": {"model", "cells", "levels", "histogram", "errors", "journal", "signals.readings"},
    "check": {"access", "model", "cells", "ledger", "levels", "config", "errors", "journal", "stores"},
    "backup": {"config", "errors", "folder", "journal", "stores", "tables.numbers", ""},
    "metrics": VIEWED,
    "recall": {"exchanges", "feeds.status", "config", "errors", "isotime"},
    "web": VIEWED | {"broadcast", "config", "errors", "healthy", "recall", "webfile"},
    "webfile": {"config", "errors"},
    "access": {"config", "errors"},
    "simulator": {"model"},
}


def modules():
    return sorted(path for path in ROOT.rglob("*.py"))


def package(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "exporter":
                yield from (f"exporter.{alias.name}" for alias in node.names)
            else:
                yield node.module


def ours(path):
    """The parts of ours that a file imports, without the one it belongs to; `` is the package itself (its version)."""
    for name in imports(path):
        if name == "exporter.__version__":
            yield ""
        elif name.startswith("exporter."):
            yield name.removeprefix("exporter.")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_layers(path):
    layer = package(path)
    used = {name for name in ours(path) if name.split(".")[0] != layer}
    if layer not in TOP:
        assert not {name.split(".")[0] for name in used} & TOP, "nobody imports the top"
    if layer in ALLOWED:
        strange = {name for name in used if name not in ALLOWED[layer] and name.split(".")[0] not in ALLOWED[layer]}
        assert not strange, f"{layer} may not import {strange}"


@pytest.mark.parametrize("layer", PURE_LAYERS)
def test_pure_code_has_no_clock_no_sockets_and_no_logs(layer):
    for path in modules():
        if package(path) == layer:
            assert not {name.split(".")[0] for name in imports(path)} & PURE, path


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_exporter_knows_nothing_of_what_is_built_around_it(path):
    assert not {name.split(".")[0] for name in imports(path)} & {"stack", "grafana", "reference", "tests", "benchmarks"}
