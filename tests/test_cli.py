"""The project's `kedro run` is a command of its own: Kedro's stays as it is, and its options are the same."""

import click
import pytest
from kedro.framework.cli.project import run as kedro_run

from synthetic_textcat import cli


def test_it_takes_the_options_of_kedros_run_and_leaves_that_one_alone() -> None:
    assert cli.run is not kedro_run
    assert kedro_run.callback is not None
    assert kedro_run.callback.__module__ == "kedro.framework.cli.project"
    assert [option.name for option in cli.run.params] == [option.name for option in kedro_run.params]
    assert cli.cli.commands["run"] is cli.run


def test_a_typed_value_that_is_no_yaml_gets_one_line() -> None:
    quoted = cli.run.make_context("run", ["--params", 'attribute_sampling.language="@languages.csv",seed=1'])
    assert quoted.params["params"] == {"attribute_sampling": {"language": "@languages.csv"}, "seed": 1}
    with pytest.raises(
        click.UsageError, match=r"^--params has a value .* '@' .*Next: put the value in double quotes.*$"
    ):
        cli.run.make_context("run", ["--params", "attribute_sampling.language=@languages.csv"])
