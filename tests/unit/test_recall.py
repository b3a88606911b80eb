import msgspec
import pytest

from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Span
from exporter.feeds.status import Shortfall, Tally
from exporter.recall import SHOWN, report, span_of
from tests.events import T0

HOUR, DAY = 3_600_000, 86_400_000
KEEP = 30 * DAY
OKX, HTX = REGISTRY["okx"], REGISTRY["htx"]


def refusal(name, since_ms, until_ms=None, keep_ms=KEEP):
    with pytest.raises(UserError) as refused:
        span_of(REGISTRY[name], since_ms, until_ms, T0, keep_ms)
    return str(refused.value)


@pytest.mark.parametrize(
    ("refused", "part"),
    [
        (("aster", T0 - HOUR), "Aster can not be asked for the past; these can: okx, "),
        (("okx", T0), "is not in the past"),
        (("okx", T0 - HOUR, T0 + HOUR), "is in the future"),
        (("okx", T0 - HOUR, T0 - 2 * HOUR), "--since is not before --until"),
        (("okx", T0 - 2 * DAY), "is too long ago: OKX answers for the last 1d, from 2026-09-20T14:13Z on"),
        (("htx", T0 - 60 * DAY), "new ones for 30d (journal.retention), from 2026-08-22T14:13Z on"),
        (("htx", T0 - 91 * DAY, None, 365 * DAY), "HTX answers for the last 90d"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_one_line(refused, part):
    assert part in refusal(*refused)


def test_what_was_as_deep_as_it_goes_when_it_was_typed_is_asked_for():
    assert span_of(OKX, T0 - DAY - 5_000, None, T0, KEEP) == Span(T0 - DAY, T0)
    assert span_of(OKX, T0 - HOUR, T0 - 1, T0, KEEP) == Span(T0 - HOUR, T0 - 1)


def test_a_report_adds_up_and_names_what_failed():
    failed = [Shortfall("futures", f"call {number}", T0 - HOUR, T0, "HTTP 500") for number in range(SHOWN + 5)]
    tally = Tally(requests=40, found=10, recorded=4, waiting=2, left_out=1, missing=failed)
    made = report(HTX, Span(T0 - HOUR, T0), tally, T0 + 60_000, KEEP)
    assert (made.known, made.failures, len(made.missing)) == (3, SHOWN + 5, SHOWN)
    assert made.missing[0].about == "call 0"
    assert msgspec.json.decode(msgspec.json.encode(made), type=type(made)) == made


def test_rows_that_can_still_come_are_said():
    (late,) = report(OKX, Span(T0 - 2 * HOUR, T0), Tally(), T0, KEEP).missing
    assert (late.since_ms, late.until_ms) == (T0 - 3_900_000, T0)
    assert late.reason == "it can publish them up to 65m late; ask again after 2026-09-21T15:18Z"
    assert report(OKX, Span(T0 - 3 * HOUR, T0 - 2 * HOUR), Tally(), T0, KEEP).missing == []
