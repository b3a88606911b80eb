"""What people can choose at the top of a board: its first choice, and every other one, one at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.boards.substitution import AllValue, Value

LabelValues = Callable[[str, str], Sequence[str]]
"""The values of a label of a metric: (metric, label)."""
DEFINITION = "label_values("


def combinations(variables: Sequence[Mapping[str, Any]], label_values: LabelValues) -> Iterator[dict[str, Value]]:
    """The choices that the board opens with, then each other value of each variable beside them."""
    options = {each["name"]: values(each, label_values) for each in variables}
    first = {name: values[0] for name, values in options.items()}
    yield first
    for name, each in options.items():
        for value in each[1:]:
            yield first | {name: value}


def values(variable: Mapping[str, Any], label_values: LabelValues) -> list[Value]:
    """The values of a variable to try, the board's own first."""
    if variable["type"] == "query":
        return _of_query(variable, label_values)
    current = str(variable["current"]["value"])
    if variable["type"] == "datasource" or variable["type"] == "textbox":
        return [current]
    chosen = variable["current"]["value"]
    others = [str(option["value"]) for option in variable["options"] if option["value"] != chosen]
    return [current, *others]


def _of_query(variable: Mapping[str, Any], label_values: LabelValues) -> list[Value]:
    """All, one, and two of what the data source offers; where only one can be chosen, the board's own and another."""
    offered = list(offered_by(variable, label_values))
    if variable["includeAll"]:
        everything = AllValue(variable["allValue"]) if variable["allValue"] else offered
        return [everything, offered[:1], offered[:2]]
    own = str(variable["current"]["value"])
    assert own in offered, f"{variable['name']} opens with {own}, which is not among {offered}"
    return [own, *[each for each in offered if each != own][:1]]


def offered_by(variable: Mapping[str, Any], label_values: LabelValues) -> Sequence[str]:
    """What a variable's query finds."""
    text = variable["definition"]
    assert text.startswith(DEFINITION), text
    assert text.endswith(")"), text
    metric, label = text.removeprefix(DEFINITION)[:-1].rsplit(",", 1)
    found = label_values(metric.strip(), label.strip())
    assert found, f"nothing to choose for {variable['name']}: {text}"
    return found
