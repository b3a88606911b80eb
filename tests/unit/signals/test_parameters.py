import msgspec
import pytest
import yaml

from exporter.signals import Parameters
from exporter.signals.parameters import Coin


def parsed(text):
    return msgspec.convert(yaml.safe_load(text), Parameters, strict=False)


def test_nothing_given_means_the_defaults():
    assert parsed("{}") == Parameters()


def test_the_defaults_survive_being_written_down():
    assert msgspec.convert(msgspec.to_builtins(Parameters()), Parameters) == Parameters()


def test_a_coin_has_a_floor_and_can_be_muted():
    assert parsed("coins: {PEPE: {floor_usd: 5e4, mute: true}}").coins == {"PEPE": Coin(floor_usd=50_000.0, mute=True)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("weights: {scann: 1}", ["scann", "$.weights"]),
        ("weights: {scan: .nan}", ["$.weights.scan"]),
        ("weights: {scan: .inf}", ["$.weights.scan"]),
        ("coverage: {hold: 2}", ["$.coverage.hold"]),
        ("coverage: {hold: 0.3}", ["blind 0.5", "hold 0.3"]),
        ("gates: {share: much}", ["$.gates.share", "float"]),
        ("baselines: {slow_half_life_h: 0}", ["$.baselines.slow_half_life_h"]),
        ("idle_coins: 0", ["$.idle_coins"]),
        ("coins: {BTC: {floor_usd: -1}}", ["floor_usd"]),
        ("levels: {watch: {enter: 45, exit: 50}}", ["exit 50", "45", "$.levels.watch"]),
        ("levels: {watch: {enter: 99, exit: 50}}", ["one above the other"]),
        ("levels: {watch: {enter: 20, exit: 10}}", ["closed_score 39", "20"]),
    ],
)
def test_what_cannot_be_meant_is_refused_and_named(text, names):
    with pytest.raises(msgspec.ValidationError) as refused:
        parsed(text)
    assert all(name in str(refused.value) for name in names)
