"""What the keys of a block mean: the comments beside, or above, its fields."""

import ast
import inspect
import io
import tokenize
from collections.abc import Collection

import msgspec


def meanings(section: type[msgspec.Struct], keys: Collection[str]) -> dict[str, str]:
    """Return the lines of meaning of some keys of a block; raises `ValueError` for a key that has none."""
    source = inspect.getsource(section)
    beside, above = _comments(source)
    found = {}
    [block] = ast.parse(source).body
    for field in block.body if isinstance(block, ast.ClassDef) else ():
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            found[field.target.id] = beside.get(field.end_lineno or field.lineno) or above.get(field.lineno - 1, "")
    for key in keys:
        if not found[key]:
            raise ValueError(f"{section.__name__}.{key} needs a comment that says what it means")
    return {key: found[key] for key in keys}


def _comments(source: str) -> tuple[dict[int, str], dict[int, str]]:
    """Return the comments by their line: those beside code, and those that have the line for themselves."""
    beside: dict[int, str] = {}
    above: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            alone = not token.line[: token.start[1]].strip()
            (above if alone else beside)[token.start[0]] = token.string.lstrip("# ").rstrip()
    return beside, above
