from exporter.histogram import Histogram
from exporter.metrics.family import Family
from exporter.metrics.text import BLOCK_LINES, Samples, Writer, histograms, single

COINS = Family("coins_usd_total", "counter", "Coins.", ("base",), "usd")
SIZES = Family("sizes", "histogram", "Sizes.", ("side",))


def write(writer: Writer, samples: Samples, *, openmetrics: bool = False) -> str:
    return b"".join(writer.write(samples, openmetrics=openmetrics)).decode()


def test_text_names_a_counter_with_its_suffix():
    assert write(Writer(COINS), Samples("coins_usd_total", [("BTC",)], [1.5])) == (
        '# HELP coins_usd_total Coins.\n# TYPE coins_usd_total counter\ncoins_usd_total{base="BTC"} 1.5\n'
    )


def test_openmetrics_names_it_without_and_tells_the_unit():
    assert write(Writer(COINS), Samples("coins_usd_total", [("BTC",)], [1.5]), openmetrics=True) == (
        '# HELP coins_usd Coins.\n# TYPE coins_usd counter\n# UNIT coins_usd usd\ncoins_usd_total{base="BTC"} 1.5\n'
    )


def test_info_is_a_gauge_in_text_and_an_info_in_openmetrics():
    writer = Writer(Family("x_info", "info", "X.", ("version",)))
    samples = Samples("x_info", [("1",)], [1])
    assert "# TYPE x_info gauge\n" in write(writer, samples)
    assert '# TYPE x info\nx_info{version="1"} 1\n' in write(writer, samples, openmetrics=True)


def test_a_family_without_labels():
    assert write(Writer(Family("up", "gauge", "Up.")), single("up", 1)).endswith("gauge\nup 1\n")


def test_a_family_without_samples_still_tells_what_it_is():
    writer = Writer(COINS)
    only_header = "# HELP coins_usd_total Coins.\n# TYPE coins_usd_total counter\n"
    assert write(writer, Samples("coins_usd_total", [], [])) == only_header
    write(writer, Samples("coins_usd_total", [("BTC",)], [1]))
    assert write(writer, Samples("coins_usd_total", [], [])) == only_header


def test_histogram_lines():
    histogram = Histogram((0.5, 2.5e6))
    for value in (0.5, 0.6, 1e9):
        histogram.observe(value)
    text = write(Writer(SIZES), histograms("sizes", [("long",)], [histogram]))
    assert text.splitlines()[2:] == [
        'sizes_bucket{side="long",le="0.5"} 1',
        'sizes_bucket{side="long",le="2.5e+06"} 2',
        'sizes_bucket{side="long",le="+Inf"} 3',
        'sizes_count{side="long"} 3',
        'sizes_sum{side="long"} 1000000001.1',
    ]


def test_label_values_are_escaped():
    text = write(Writer(COINS), Samples("coins_usd_total", [('a"b\\c\nd',)], [1]))
    assert text.endswith('coins_usd_total{base="a\\"b\\\\c\\nd"} 1\n')


def test_what_json_can_not_write():
    values = [1.5, float("nan"), float("inf"), float("-inf")]
    text = write(Writer(COINS), Samples("coins_usd_total", [("a",), ("b",), ("c",), ("d",)], values))
    assert [line.rpartition(" ")[2] for line in text.splitlines()[2:]] == ["1.5", "NaN", "+Inf", "-Inf"]


def test_every_line_of_every_block_keeps_its_own_value():
    writer = Writer(COINS)
    labels = [(f"C{number}",) for number in range(3 * BLOCK_LINES + 7)]
    values = [float(number) for number in range(len(labels))]
    write(writer, Samples("coins_usd_total", labels, values))
    values = [*values]
    for changed in (0, BLOCK_LINES - 1, BLOCK_LINES, 2 * BLOCK_LINES + 5, len(labels) - 1):
        values[changed] += 0.5
    lines = write(writer, Samples("coins_usd_total", labels, values)).splitlines()[2:]
    assert lines == [f'coins_usd_total{{base="{base}"}} {value}' for (base,), value in zip(labels, values, strict=True)]


def test_new_label_values_replace_the_old_ones():
    writer = Writer(COINS)
    write(writer, Samples("coins_usd_total", [("BTC",), ("ETH",)], [1, 2]))
    text = write(writer, Samples("coins_usd_total", [("ETH",), ("SOL",)], [1, 2]))
    assert text.splitlines()[2:] == ['coins_usd_total{base="ETH"} 1', 'coins_usd_total{base="SOL"} 2']
