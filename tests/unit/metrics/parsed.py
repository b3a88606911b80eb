"""Metrics pages as data that can be compared."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
OF_THE_PROCESS = ("process_", "python_")


def parsed(body: bytes, *, openmetrics: bool = False) -> dict[str, dict]:
    """Return type, help, unit and samples of every family; the process' own values, which change, are left out."""
    families = {}
    for family in (parse_openmetrics if openmetrics else parse_text)(body.decode()):
        varies = family.name.startswith(OF_THE_PROCESS)
        samples = sorted(
            (sample.name, sorted(sample.labels.items()), "varies" if varies else repr(float(sample.value)))
            for sample in family.samples
        )
        assert family.name not in families
        families[family.name] = {
            "type": family.type,
            "help": family.documentation,
            "unit": family.unit,
            "samples": samples,
        }
    return families


def values(body: bytes) -> dict[str, float]:
    """Return the values of a text page by series, written as on the page: `name{label="value"}`."""
    lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
    return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}
