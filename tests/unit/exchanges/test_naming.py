import pytest

from exporter.exchanges.naming import plain_coin


@pytest.mark.parametrize(
    ("name", "coin", "multiplier"),
    [
        ("BTC", "BTC", 1),
        ("1000PEPE", "PEPE", 1_000),
        ("10000LADYS", "LADYS", 10_000),
        ("100000MOG", "MOG", 100_000),
        ("1000000BABYDOGE", "BABYDOGE", 1_000_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("SHIB1000", "SHIB", 1_000),
        ("kPEPE", "PEPE", 1_000),
        ("kBONK", "BONK", 1_000),
        ("1000X", "X", 1_000),
        ("XBT", "BTC", 1),
        ("XDG", "DOGE", 1),
        ("BCHABC", "BCH", 1),
        ("BCC", "BCH", 1),
    ],
)
def test_multiples_and_old_names_become_the_plain_coin(name, coin, multiplier):
    assert plain_coin(name) == (coin, multiplier)


@pytest.mark.parametrize(
    "name",
    [
        "1INCH",
        "4STOCK",
        "0G",
        "1MIL",
        "4",
        "42",
        "2Z",
        "1000",
        "100X",
        "C98",
        "API3",
        "LUNA2",
        "KSM",
        "kas",
        "1M",
        "",
        "币安人生",
    ],
)
def test_digits_that_belong_to_the_coin_stay(name):
    assert plain_coin(name) == (name, 1)
