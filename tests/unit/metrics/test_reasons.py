"""Every reason for which a row or frame is refused has a series from the start, so that its first one is seen."""

import ast
from pathlib import Path

from exporter.metrics.reasons import QUARANTINE_REASONS

ROOT = Path(__file__).parents[3] / "exporter"
NAMERS = {"RejectedRow": 0, "positive": 1, "quarantine": 1, "_unusable": 0}
"""What takes a reason, and as which argument."""


def reasons(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        position = NAMERS.get(name)
        if position is not None and len(node.args) > position:
            yield from (
                leaf.value
                for leaf in ast.walk(node.args[position])
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str) and leaf.value.isidentifier()
            )


def test_the_catalogue_knows_every_reason_in_the_source():
    used = {
        reason
        for part in ("exchanges", "feeds", "intake.py")
        for path in ([ROOT / part] if part.endswith(".py") else (ROOT / part).glob("*.py"))
        for reason in reasons(path)
    }
    used.discard("FILLED")  # a status that is compared with, inside an argument
    assert used == set(QUARANTINE_REASONS)
