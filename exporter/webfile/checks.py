"""What the blocks of a web file must fulfil beyond the types of their values."""

import re
from collections.abc import Callable, Mapping

from exporter.webfile.sections import WebSettings

Refuse = Callable[[str, str], None]
"""Raises the error of a key, with what is wrong with it."""

HIGHEST_COST = 15
"""A hash of this cost takes seconds; what takes longer would only keep its own users out."""

HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
"""The headers that the toolkit lets people set, and the values that some of them are limited to."""

_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")


def cost(hashed: str) -> int | None:
    """Return the cost of a bcrypt hash, None for what is not one."""
    match = _BCRYPT.fullmatch(hashed)
    return int(match["cost"]) if match else None


def check(settings: WebSettings, refuse: Refuse) -> None:
    """Refuse the first value that cannot be used; neither hashes nor keys are repeated."""
    _check_headers(settings.http_server_config.headers, refuse)
    _check_users(settings.basic_auth_users, refuse)
    rate = settings.rate_limit
    if rate.interval and rate.burst < 1:
        refuse("rate_limit.burst", "must be at least 1, or no request would ever be answered")


def _check_headers(headers: Mapping[str, str], refuse: Refuse) -> None:
    for name, value in headers.items():
        key = f"http_server_config.headers.{name}"
        if name not in HEADERS:
            refuse(key, f"cannot be set; {', '.join(HEADERS)} can")
        values = HEADERS[name]
        if values and value not in values:
            refuse(key, f"must be {' or '.join(values)}")
        if not value.isprintable() or not value.isascii():
            refuse(key, "has characters that no header may have")


def _check_users(users: Mapping[str, str], refuse: Refuse) -> None:
    for user, hashed in users.items():
        key = f"basic_auth_users.{user}"
        if not user or ":" in user:
            refuse(key, "a user's name is not empty and has no colon")
        found = cost(hashed)
        if found is None:
            refuse(key, "is not a bcrypt hash; write one with: htpasswd -nBC 10 ''")
        elif not 4 <= found <= HIGHEST_COST:
            refuse(key, f"has the cost {found}; from 4 to {HIGHEST_COST} can be used, 10 is usual")
