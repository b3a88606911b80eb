import pytest

from exporter.isotime import millis_of, text_of


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("2019-02-14T09:25:33.920Z", 1_550_136_333_920),
        ("2019-02-14T09:25:33.9209999Z", 1_550_136_333_920),
        ("2019-02-14T10:25:33+01:00", 1_550_136_333_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_reading(text, time_ms):
    assert millis_of(text) == time_ms


@pytest.mark.parametrize("text", ["", "soon", "2019-02-14T09:25:33", "2019-02-14", "1550136333920"])
def test_what_is_no_instant(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the library's
        millis_of(text)


@pytest.mark.parametrize("time_ms", [0, 1, 999, 1_550_136_333_920, 4_102_444_799_999, 1_790_000_000_001])
def test_writing_and_reading_agree(time_ms):
    assert millis_of(text_of(time_ms)) == time_ms


def test_writing():
    assert text_of(1_550_136_333_007) == "2019-02-14T09:25:33.007Z"
