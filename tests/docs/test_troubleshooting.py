"""docs/troubleshooting.md quotes what the program really says, and knows every reason for a feed that is down."""

from exporter.feeds.failures import Reason
from tests.docs.markdown import ROOT, codes, page

PAGE = page(ROOT / "docs/troubleshooting.md")
SOURCE = "".join(path.read_text(encoding="utf-8") for path in [*(ROOT / "exporter").rglob("*.py"), ROOT / "Makefile"])


def test_the_messages_are_those_of_the_program():
    messages = [message for said, _ in PAGE.rows("it says") for message in codes(said)]
    assert len(messages) > 5
    for message in messages:
        assert all(part.strip() in SOURCE for part in message.split("…")), message


def test_the_messages_in_the_log_are_those_of_the_program():
    for message in ("waiting for the history", "signals failed", "feed defect"):
        assert f"`{message}`" in " ".join(PAGE.text.split())
        assert message in SOURCE


def test_every_reason_is_explained():
    assert {reason for reasons, *_ in PAGE.rows("reason") for reason in codes(reasons)} == {
        each.value for each in Reason
    }
