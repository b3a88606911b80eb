"""Parts of a board, as classic Grafana JSON: targets, fields, panels, tables, variables, layout, the board itself."""

from typing import Any

Json = dict[str, Any]
"""A piece of a dashboard, as Grafana's classic schema has it."""
