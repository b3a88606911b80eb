"""The messages as people get them, compared with what is kept in messages/: who changes a text looks at it there.

The figures come from the rules' own tests, so that a message is what a rule and the templates make together.
"""

import json
from pathlib import Path

import pytest

from tests.rules.alerting import ALERTING, accepts, expected

KEPT = Path(__file__).parent / "messages"
FORMS = {"title": "text", "text": "text", "telegram": "html", "slack": "text", "html": "html"}
MESSAGES = {
    "long_firing": ("firing", [("LiquidationCascade", 0)]),
    "long_resolved": ("resolved", [("LiquidationCascade", 3)]),
    "short_firing": ("firing", [("LiquidationCascade", 4)]),
    "short_resolved": ("resolved", [("LiquidationCascade", 6)]),
    "market_firing": ("firing", [("MarketWideCascade", 0)]),
    "market_resolved": ("resolved", [("MarketWideCascade", 1)]),
    "feed_down_firing": ("firing", [("FeedDown", 0)]),
    "feed_down_resolved": ("resolved", [("FeedDown", 0)]),
    "exporter_down_firing": ("firing", [("ExporterDown", 0)]),
    "several_firing": ("firing", [("JournalDown", 0), ("JournalDropped", 0)]),
}


def rendered(form, kind, data):
    text = f'{{{{ template "liquidations.{form}" . }}}}'
    templates = f"--template.glob={ALERTING / 'templates/*.tmpl'}"
    where = f"--template.data={data}"
    return accepts(
        "amtool", "template", "render", templates, where, f"--template.type={kind}", f"--template.text={text}"
    )


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_reads_as_it_is_kept(name, tmp_path):
    status, named = MESSAGES[name]
    alerts = []
    for alert, place in named:
        labels, annotations = expected(alert, place)
        alerts.append({"status": status, "labels": labels, "annotations": annotations})
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"receiver": "traders", "status": status, "alerts": alerts}))
    found = "".join(f"--- {form}\n{rendered(form, kind, data).rstrip()}\n" for form, kind in FORMS.items())
    assert found == (KEPT / f"{name}.txt").read_text()


def test_no_message_is_kept_that_nothing_makes():
    assert {path.stem for path in KEPT.iterdir()} == set(MESSAGES)
