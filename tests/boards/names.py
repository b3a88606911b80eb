"""Which metrics a PromQL query names, and within what."""

import re

FOREIGN = re.compile(r"up|ALERTS(_FOR_STATE)?|(scrape|process|python|prometheus|alertmanager|go)_\w+")
"""What Prometheus, Alertmanager and the client library bring themselves."""

_FIGURES = ("notional_usd", "events")
"""The values of the variable `by`, which is a part of metric names."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"\{[^{}]*\}")
_LABELS = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
_RANGE = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"[a-zA-Z_:][\w:]*")
_RATE = re.compile(r"\b(rate|irate|increase)\s*\(")
_WORDS = {"and", "or", "unless", "bool", "by", "on", "offset", "group_left", "group_right", "Inf", "NaN", "atan2"}


def metrics(text: str) -> set[str]:
    """The names of all metrics in a query, `$by` replaced by each of its values."""
    found = set()
    for figure in _FIGURES:
        named = _bare(re.sub(r"\$\{by\}|\$by\b", figure, text))
        for match in _NAME.finditer(named):
            before, after = named[: match.start()], named[match.end() :].lstrip()
            if match[0] not in _WORDS and not after.startswith("(") and not re.search(r"[\d.$]$", before):
                found.add(match[0])
    return found


def ranges(text: str) -> set[str]:
    """What stands in the brackets of range selectors."""
    return set(_RANGE.findall(_SELECTOR.sub("", _STRING.sub("", text))))


def outside_rate(text: str) -> set[str]:
    """The metrics that are used as they are, in no rate or increase."""
    plain = _STRING.sub('""', text)
    while found := _RATE.search(plain):
        plain = plain[: found.start()] + "0" + plain[_end(plain, found.end()) :]
    return metrics(plain)


def _bare(text: str) -> str:
    """The query without texts, label matchers, lists of labels and ranges."""
    text = _SELECTOR.sub("", _STRING.sub('""', text))
    return _RANGE.sub("", _LABELS.sub("", text))


def _end(text: str, start: int) -> int:
    """Where the parenthesis that was opened before `start` is closed."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return place + 1
    raise ValueError(f"unbalanced parentheses: {text}")
