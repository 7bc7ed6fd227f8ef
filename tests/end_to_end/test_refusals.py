"""What a server or a proxy says in place of a reply, in a real run."""

from tests.support.project import UP_TO_THE_REPORT, Project
from tests.support.server import FaultServer

_ROWS = ("--pipelines", UP_TO_THE_REPORT, "--env", "openai", "--params", "attribute_sampling.num_examples=40")


def test_a_web_page_in_place_of_the_api_ends_the_run_in_one_line_after_one_request(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(always="html_page")
    done = project.run(*_ROWS, **openai_env)
    [line] = done.stderr.strip().splitlines()[-1:]
    assert done.returncode == 1
    assert f"{server.url}/chat/completions answers with a web page, not with the API" in line
    assert "Web Gateway: sign in to continue" in line
    assert server.stats()["requests"] == 1


def test_a_row_that_moderation_refuses_costs_itself_only(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    server.set_faults(flagged=0.1, sticky=True, fault_seed=5)
    done = project.run(*_ROWS, **openai_env)
    assert done.returncode == 0, done.stderr
    failed = project.table("failed")
    assert 1 <= len(failed) <= 12
    assert set(failed["failure_cause"]) == {"content_filtered"}
    assert failed["detail"].str.contains("your input was flagged").all()
    assert len({line["request_id"] for line in project.journal()}) == 40
