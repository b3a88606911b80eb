import pkgutil

import pytest

from exporter import cli, commands
from exporter.config import ConfigError
from exporter.errors import UserError
from exporter.journal import JournalError
from exporter.simulator.scenarios import SCENARIOS


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def parsed(*arguments):
    return cli.parser().parse_args(arguments)


def test_without_a_command_it_is_run():
    assert parsed().command == "run"
    assert parsed("--data.dir", "x").command == "run"


def test_every_command_has_its_module_and_every_module_its_command():
    modules = {module.name for module in pkgutil.iter_modules(commands.__path__)}
    with pytest.raises(UserError) as error:
        parsed("nonsense")
    assert {name for name in modules if f"'{name}'" in str(error.value)} == modules
    assert str(error.value).count("'") == 2 * (len(modules) + 1)


def test_the_scenarios_are_the_simulators():
    assert cli.SCENARIOS == SCENARIOS


@pytest.mark.parametrize("arguments", [("--data.dir", "x", "stats"), ("stats", "--data.dir", "x")])
def test_shared_flags_stand_before_or_after_the_command(arguments):
    assert str(cli.configuration(parsed(*arguments)).data.dir) == "x"


def test_flag_over_environment_over_file_over_default(monkeypatch, tmp_path):
    (tmp_path / "config.yaml").write_text("log: {level: warn, format: json}\nweb: {listen_address: ':1'}\n")
    monkeypatch.setenv("LIQ_WEB_LISTEN_ADDRESS", ":2")
    monkeypatch.setenv("LIQ_LOG_LEVEL", "error")
    config = cli.configuration(parsed("--web.listen-address", ":3"))
    assert (config.web.listen_address, config.log.level, config.log.format) == (":3", "error", "json")
    assert str(config.data.dir) == "data"


def test_a_file_that_is_named_is_the_one_that_is_read(tmp_path):
    (tmp_path / "config.yaml").write_text("log: {level: warn}\n")
    (tmp_path / "other.yaml").write_text("log: {level: debug}\n")
    assert cli.configuration(parsed()).log.level == "warn"
    assert cli.configuration(parsed("--config.file", "other.yaml")).log.level == "debug"


def test_there_need_not_be_a_file():
    assert cli.configuration(parsed()).web.listen_address == ":10110"


@pytest.mark.parametrize("kind", [UserError, ConfigError, JournalError])
def test_an_error_for_the_user_is_one_line_and_two(kind, monkeypatch, capsys):
    def failing(_options):
        raise kind("first\nsecond   third")

    monkeypatch.setattr(cli, "dispatch", failing)
    assert cli.main([]) == 2
    assert capsys.readouterr() == ("", "error: first second third\n")


def test_an_interrupt_is_quiet(monkeypatch, capsys):
    def interrupted(_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "dispatch", interrupted)
    assert cli.main([]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_defaults_of_the_simulated_world(command):
    options = parsed(command)
    assert (options.scenario, options.seed, options.duration, options.truth) == ("cascade", 1, None, None)


def test_abbreviations_are_not_guessed():
    with pytest.raises(UserError, match="unrecognized arguments: --fol"):
        parsed("events", "--fol")
