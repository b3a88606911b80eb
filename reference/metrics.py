"""METRICS.md, from the catalogue that the metrics page itself is rendered from."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics.catalogue import GROUPS
from exporter.metrics.exposition import process_registry
from exporter.metrics.family import Family
from reference.examples import EXAMPLES
from reference.kinds import number
from reference.labels import BUCKETS, LABELS, VALUES, series
from reference.markdown import GENERATED, code, codes, table

_TEXT = """\
# Metrics

{generated}

What `/metrics` shows, in Prometheus' text format or as OpenMetrics, whichever the scraper asks for. The help texts here
are those of the page. How to scrape it: [docs/integrate.md](docs/integrate.md).

- **Counters** start at the first start of the journal and go on after a restart. **Windows** are gauges, because they
  are exact: `increase()` extrapolates, misses a series' first value, and dates a back-fill at its arrival.
- Series whose labels are known beforehand exist from the start, at 0. What is not known is absent, never 0.
- **Stability**: a name, a label, a unit or a meaning changes with a new major version only (before 1.0: with a new
  minor one), and [CHANGELOG.md](CHANGELOG.md) says so. New families, exchanges and values of labels come at any time.
- **Cardinality**: the column *series* has how many a family takes at most, with all {exchanges} exchanges and both
  stores; the main coins have them from the start, the others where they were liquidated. `metrics.base_cap` bounds how
  many coins there are, `metrics.window_bases` how many of them have windows
  ([docs/configuration.md](docs/configuration.md)).

## Examples

{examples}
## Labels

{labels}
In one metric only:

{values}
{groups}## Buckets of the histograms

{buckets}
## The process

From the client library, as with every Python exporter.

{process}"""


def page() -> str:
    """Return the whole page."""
    return _TEXT.format(
        generated=GENERATED.format(source="the catalogue in exporter/metrics"),
        exchanges=len(LABELS["exchange"].values),
        examples="\n".join(f"{each.question}:\n\n```promql\n{each.query}\n```\n" for each in EXAMPLES),
        labels=_labels(),
        values=table(
            ("metric", "label", "values"),
            ((code(name), code(label), codes(known)) for (name, label), known in VALUES.items()),
        ),
        groups="".join(f"## {name}\n\n{_families(families)}\n" for name, families in GROUPS.items()),
        buckets=table(("metric", "upper bounds, besides +Inf"), ((code(name), _bounds(name)) for name in BUCKETS)),
        process=table(("metric", "type", "help"), (_foreign(metric) for metric in process_registry().collect())),
    )


def _labels() -> str:
    rows = ((code(name), label.meaning, codes(label.values)) for name, label in LABELS.items())
    return table(("label", "tells", "values"), rows)


def _families(families: Iterable[Family]) -> str:
    head = ("metric", "type", "unit", "labels", "series", "help")
    return table(
        head,
        (
            (code(each.name), each.type, each.unit, codes(each.labels), series(each), each.help.replace("_", r"\_"))
            for each in families
        ),
    )


def _bounds(name: str) -> str:
    return ", ".join(map(number, BUCKETS[name]))


def _foreign(metric: Metric) -> tuple[str, str, str]:
    """Return a family of the client library, under the name that queries select."""
    suffix = {"counter": "_total", "info": "_info"}.get(metric.type, "")
    return code(metric.name + suffix), metric.type, metric.documentation
