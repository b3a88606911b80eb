import pytest

from exporter.tables import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "$0"),
        (0.5, "$0.50"),
        (12.345, "$12.3"),
        (99.96, "$100"),
        (845, "$845"),
        (999.4, "$999"),
        (999.6, "$1.00K"),
        (1000, "$1K"),
        (1234, "$1.23K"),
        (999_499, "$999K"),
        (999_500, "$1.00M"),
        (12_345_678, "$12.3M"),
        (7.5e9, "$7.50B"),
        (1.25e12, "$1.25T"),
        (-1234, "-$1.23K"),
    ],
)
def test_usd_has_three_digits(value, text):
    assert numbers.usd(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.000123456, "0.000123"), (0.1, "0.10"), (14.53, "14.5"), (1, "1"), (None, "–")]
)
def test_amounts_have_three_digits(value, text):
    assert numbers.amount(value) == text


def test_exact_amounts_keep_their_digits():
    assert numbers.usd_exact(12_345_678.908) == "$12,345,678.91"
    assert numbers.amount_exact(1234.56780001) == "1,234.56780001"
    assert numbers.amount_exact(3.0) == "3"
    assert numbers.usd_whole(99.5) == "$99.50"
    assert numbers.usd_whole(143_358.7) == "$143,359"
    assert numbers.count(1_234_567) == "1,234,567"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (91_682.05863, "91,682.06"),
        (0.00001215, "0.00001215"),
        (1.2e-13, "0.00000000000012"),
        (50_000.0, "50,000"),
        (123_456_789.0, "123,456,789"),
        (0.0, "0"),
    ],
)
def test_prices_are_never_powers_of_ten(value, text):
    assert numbers.price(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m 0s"), (3725, "1h 2m"), (86_400, "1d 0h"), (3 * 86_400 + 4 * 3600 + 7, "3d 4h")],
)
def test_durations_have_two_units(seconds, text):
    assert numbers.duration(seconds) == text


def test_shares_and_ratios():
    assert numbers.share(0.63215) == "63.2%"
    assert numbers.share(None) == "–"
    assert numbers.ratio(1.719) == "1.72"
    assert numbers.ratio(None) == "–"
    assert numbers.moment(1_790_000_000_000) == "2026-09-21 14:13:20"
