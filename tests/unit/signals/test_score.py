from hypothesis import given
from hypothesis import strategies as st

from exporter.signals import Parameters
from exporter.signals.readings import COMPONENTS, TERMS
from exporter.signals.score import Facts, Model, score_of

POSITIVE = st.floats(0.0, 1e12)
SHARES = st.floats(0.0, 1.0)
FACTS = st.builds(
    Facts,
    scan=POSITIVE,
    cusum=st.floats(0.0, 400.0),
    relative=POSITIVE,
    branching=SHARES,
    concentration=SHARES,
    share=SHARES,
    breadth=st.floats(1.0, 12.0),
    orders=POSITIVE,
    seconds=POSITIVE,
    baseline_per_day=POSITIVE,
)
MODEL = Model(Parameters())
CASCADE = Facts(30.0, 60.0, 200.0, 0.8, 0.2, 0.99, 2.5, 40.0, 30.0, 300.0)


@given(FACTS)
def test_the_contributions_sum_to_the_excess_exactly(facts):
    evaluation = MODEL.evaluate(facts, 1e9, 1.0)
    total = 0.0
    for contribution in evaluation.contributions:
        total += contribution
    assert total == evaluation.excess
    assert len(evaluation.contributions) == len(COMPONENTS)
    if evaluation.open:
        assert evaluation.score == score_of(MODEL.x_calm + evaluation.excess)


@given(FACTS)
def test_a_closed_gate_caps_the_score(facts):
    evaluation = MODEL.evaluate(facts, 1e9, 1.0)
    assert 0.0 <= evaluation.score <= 100.0
    assert evaluation.open or evaluation.score <= 39.0


@given(FACTS)
def test_the_terms_are_what_the_weights_multiply(facts):
    weights = Parameters().weights
    terms = MODEL.evaluate(facts, 1e9, 1.0).terms
    x = weights.intercept + sum(getattr(weights, name) * term for name, term in zip(TERMS, terms, strict=True))
    assert abs(x - (MODEL.x_calm + MODEL.evaluate(facts, 1e9, 1.0).excess)) <= 1e-9 * max(1.0, abs(x))


def test_every_gate_can_close():
    assert MODEL.evaluate(CASCADE, 1e6, 1e5).open
    shut = {"share": 0.7, "relative": 8.0, "orders": 3.5, "concentration": 0.9, "scan": 2.99}
    for name, value in shut.items():
        assert not MODEL.evaluate(CASCADE._replace(**{name: value}), 1e6, 1e5).open, name
    assert not MODEL.evaluate(CASCADE, 99_999.0, 1e5).open


def test_extremes_have_a_score():
    assert score_of(-1e9) == 0.0
    assert score_of(1e9) == 100.0
