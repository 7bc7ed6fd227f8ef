"""The project's `kedro run` is a command of its own: Kedro's stays as it is, and its options are the same."""

from kedro.framework.cli.project import run as kedro_run

from synthetic_textcat import cli


def test_it_takes_the_options_of_kedros_run_and_leaves_that_one_alone() -> None:
    assert cli.run is not kedro_run
    assert kedro_run.callback is not None
    assert kedro_run.callback.__module__ == "kedro.framework.cli.project"
    assert [option.name for option in cli.run.params] == [option.name for option in kedro_run.params]
    assert cli.cli.commands["run"] is cli.run
