"""The text of one family, from label prefixes that are kept between scrapes and values that are encoded in one go.

prometheus_client writes a sample at a time, about 8 µs each. Here the lines go in blocks: a block of which no value
has changed since the last scrape is shown again, another costs a few tenths of a microsecond a line. Blocks are short
because a single call over a large body would keep the event loop's thread waiting.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from prometheus_client.utils import floatToGoString

from exporter.histogram import Histogram
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.family import Family

BLOCK_LINES = 200

Labels = tuple[str, ...]

_go_number: Callable[[float], str] = floatToGoString  # which has no annotations
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Samples(NamedTuple):
    """What one family shows now.

    `labels` holds the label values of each series, in the family's order, and `values` one value per line: one per
    series, for a histogram (whose `bounds` are given) its cumulative buckets, count and sum. Whoever yields samples
    does not change their lists afterwards.
    """

    family: str
    labels: Sequence[Labels]
    values: list[float]
    bounds: tuple[float, ...] | None = None


def single(family: str, value: float) -> Samples:
    """Return the samples of a family without labels."""
    return Samples(family, [()], [value])


def histograms(family: str, labels: Sequence[Labels], observed: Sequence[Histogram]) -> Samples:
    """Return the samples of histograms, all with the same bounds."""
    values: list[float] = []
    for histogram in observed:
        buckets = histogram.cumulative()
        values += buckets
        values += (buckets[-1], histogram.total)
    return Samples(family, labels, values, observed[0].bounds if observed else ())


class Writer:
    """Writes one family, and keeps for the next scrape what will probably be the same then."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._headers = {openmetrics: _header(family, openmetrics=openmetrics) for openmetrics in (False, True)}
        self._labels: Sequence[Labels] = ()
        self._blocks: list[_Block] = []

    def write(self, samples: Samples, *, openmetrics: bool) -> Iterator[bytes]:
        """Return the family's text in blocks."""
        if samples.labels is not self._labels:  # unchanged ones of large families are the same object
            if samples.labels != self._labels:
                lines = [each for labels in samples.labels for each in self._prefixes(labels, samples.bounds)]
                self._blocks = [_Block(lines, start) for start in range(0, len(lines), BLOCK_LINES)]
            self._labels = samples.labels
        yield self._headers[openmetrics]
        for block in self._blocks:
            yield block.write(samples.values)
        yield b"\n"

    def _prefixes(self, labels: Labels, bounds: tuple[float, ...] | None) -> Iterator[bytes]:
        """Return what comes before the values of one series' lines."""
        name = self._family.name
        pairs = [f'{key}="{value.translate(_ESCAPES)}"' for key, value in zip(self._family.labels, labels, strict=True)]
        if bounds is None:
            yield _prefix(name, pairs)
            return
        for bound in (*bounds, float("inf")):
            yield _prefix(f"{name}_bucket", [*pairs, f'le="{_go_number(bound)}"'])
        yield _prefix(f"{name}_count", pairs)
        yield _prefix(f"{name}_sum", pairs)


def writers() -> dict[str, Writer]:
    """Return a writer for every family of the catalogue."""
    return {name: Writer(family) for name, family in FAMILIES.items()}


def _header(family: Family, *, openmetrics: bool) -> bytes:
    """Return the HELP and TYPE lines without the last newline.

    OpenMetrics names a counter and an info without their suffix and has a UNIT line; text 0.0.4 knows no info.
    """
    name, kind = family.name, str(family.type)
    if not openmetrics:
        kind = "gauge" if kind == "info" else kind
        return f"# HELP {name} {family.help}\n# TYPE {name} {kind}".encode()
    name = name.removesuffix("_total" if kind == "counter" else "_info" if kind == "info" else "")
    unit = f"\n# UNIT {name} {family.unit}" if family.unit else ""
    return f"# HELP {name} {family.help}\n# TYPE {name} {kind}{unit}".encode()


def _prefix(name: str, pairs: list[str]) -> bytes:
    return f"\n{name}{{{','.join(pairs)}}} ".encode() if pairs else f"\n{name} ".encode()


class _Block:
    """Some lines of a family: the lines with gaps for their values, the values that were shown last, and the text."""

    __slots__ = ("_lines", "_template", "_text", "_values")

    def __init__(self, prefixes: list[bytes], start: int) -> None:
        self._lines = slice(start, start + BLOCK_LINES)
        self._template = b"".join(prefix.replace(b"%", b"%%") + b"%b" for prefix in prefixes[self._lines])
        self._values: list[float] = []
        self._text = b""

    def write(self, family_values: list[float]) -> bytes:
        values = family_values[self._lines]
        if values != self._values:
            self._text = self._template % tuple(_numbers(values))
            self._values = values
        return self._text


def _numbers(values: list[float]) -> list[bytes]:
    encoded = msgspec.json.encode(values)
    if b"null" in encoded:  # JSON knows neither infinity nor NaN
        return [_go_number(value).encode() for value in values]
    return encoded[1:-1].split(b",")
