"""The known values of the labels `reason` and `kind`, which have series from the start."""

QUARANTINE_REASONS = (
    "instrument",
    "malformed",
    "open_order",
    "price",
    "quantity",
    "side",
    "time",
    "too_old",
    "unfilled",
    "unknown",
    "unresolved",
)
"""Why a frame, row or event is put aside; shown at 0 from the start. A reason beyond these is shown when it occurs."""

RECONNECT_REASONS = (
    "ack_timeout",
    "blocked",
    "closed",
    "dns",
    "error",
    "flood",
    "http_status",
    "malformed",
    "no_pong",
    "oversized",
    "protocol",
    "proxy",
    "refused",
    "rotation",
    "silent",
    "stalled",
    "timeout",
    "tls",
    "unreachable",
)
"""Why a socket is replaced; shown at 0 from the start."""

EXCLUDED_KINDS = (
    "assignment",
    "commodity",
    "deleverage",
    "forex",
    "index",
    "margin",
    "other",
    "settlement",
    "stock",
    "termination",
    "trigger",
)
"""What is left out of the totals; shown at 0 from the start."""
