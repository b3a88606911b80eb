"""The exporter as a program: version, resources, and what it costs Prometheus."""

from grafana.builder import units
from grafana.builder.colours import BAD, GOOD, WATCH
from grafana.builder.fields import Look
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, over_time, stat
from grafana.builder.targets import Prom, now, series
from grafana.looks import AGO, BYTES, COUNT, DURATION

OURS = "and on (job, instance) liquidation_exporter_build_info"
"""Only of the exporter, whatever its job is called: Prometheus and Grafana have process metrics too."""


def _number(title: str, about: str, target: Prom, look: Look) -> tuple[int, Panel]:
    return 3, stat(title, about, [target], look, size=20)


def _first_line() -> Row:
    version = stat(
        "Version",
        "The exporter's version.",
        [now("max by (version) (liquidation_exporter_build_info)", "{{version}}")],
        Look(unit=units.COUNT),
        text="name",
        size=20,
    )
    files = f"max(process_open_fds {OURS}) / max(process_max_fds {OURS})"
    return Row(
        4,
        [
            (3, version),
            _number(
                "Started", "When the exporter started.", now(f"1000 * max(process_start_time_seconds {OURS})"), AGO
            ),
            _number(
                "Memory", "Resident memory of the exporter.", now(f"max(process_resident_memory_bytes {OURS})"), BYTES
            ),
            _number(
                "Open files",
                "Share of the files and sockets that the system lets the exporter open.",
                now(files),
                Look(unit=units.SHARE, decimals=1, minimum=0, steps=[(None, GOOD), (0.7, WATCH), (0.9, BAD)]),
            ),
            _number(
                "Scrape takes",
                "How long Prometheus waits for the exporter's metrics; the scrape fails after 4 s.",
                now(f"max(scrape_duration_seconds {OURS})"),
                DURATION.but(steps=[(None, GOOD), (1, WATCH), (3, BAD)]),
            ),
            _number(
                "Samples",
                "Time series that one scrape brings.",
                now(f"max(scrape_samples_scraped {OURS})"),
                COUNT.but(steps=[(None, GOOD), (20_000, WATCH)]),
            ),
            _number(
                "Configuration",
                "Whether the configuration in force is the newest that was asked for.",
                now("min(liquidation_config_last_reload_successful)"),
                Look(words={1: ("loaded", GOOD), 0: ("reload failed", BAD)}),
            ),
            _number(
                "Coins",
                "Whether there are more coins than metrics.base_cap; those beyond it count under the coin other.",
                now("max(liquidation_base_cap_reached)"),
                Look(words={0: ("below the cap", GOOD), 1: ("cap reached", WATCH)}),
            ),
        ],
    )


def _graphs() -> Row:
    processor = over_time(
        "Processor",
        "Processor cores that the exporter uses.",
        [series(f"sum(rate(process_cpu_seconds_total[$__rate_interval]) {OURS})", "cores", interval="15s")],
        Look(unit=units.CORES, decimals=2, minimum=0),
        legend="none",
    )
    memory = over_time(
        "Memory",
        "Resident memory of the exporter.",
        [series(f"max(process_resident_memory_bytes {OURS})", "resident")],
        BYTES,
        legend="none",
    )
    scrape = over_time(
        "Scrape duration",
        "How long Prometheus waited for the exporter's metrics.",
        [series(f"max(scrape_duration_seconds {OURS})", "scrape")],
        DURATION,
        legend="none",
    )
    return Row(6, [(8, processor), (8, memory), (8, scrape)])


def exporter() -> Section:
    """Return the section about the program itself."""
    return Section("Exporter", [_first_line(), _graphs()])
