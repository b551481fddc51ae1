"""The command line survives a package that is broken, and says so."""

from importlib.metadata import EntryPoint

import click
from click.testing import CliRunner

from scoring_server.cli import AnomalyGroup
from scoring_server.errors import InvalidArgumentError


@click.command()
def refuse() -> None:
    raise InvalidArgumentError("the amount must be positive, was -1")


def group() -> AnomalyGroup:
    made = AnomalyGroup("anomaly")
    made.add_entry_point(EntryPoint("broken", "no.such.package:COMMANDS", "anomaly.commands"))
    made.add_entry_point(EntryPoint("ours", "scoring_server.commands:COMMANDS", "anomaly.commands"))
    made.add_command(refuse)
    return made


def test_commands_of_working_packages_are_there() -> None:
    assert {"up", "serve", "score", "replay", "doctor", "bench"} <= set(group().commands)


def test_help_names_the_broken_package() -> None:
    result = CliRunner().invoke(group(), ["--help"])
    assert result.exit_code == 0
    assert "broken (ModuleNotFoundError" in " ".join(result.output.split())


def test_unknown_command_names_the_broken_package() -> None:
    result = CliRunner().invoke(group(), ["gateway"])
    assert result.exit_code == 2
    assert "No such command 'gateway'" in result.output
    assert "broken (ModuleNotFoundError" in result.output


def test_mistake_of_the_caller_is_one_line() -> None:
    result = CliRunner().invoke(group(), ["refuse"])
    assert result.exit_code == 1
    assert result.output == "Error: the amount must be positive, was -1\n"


def test_every_command_explains_itself() -> None:
    runner = CliRunner()
    made = group()
    for name, command in made.commands.items():
        result = runner.invoke(made, [name, "--help"])
        assert result.exit_code == 0
        assert name == "refuse" or command.help
