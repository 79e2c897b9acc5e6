"""A script has the variables of who submits it, over them those of its configuration, over all those of its run."""

from __future__ import annotations

import json
import os
import sys

import pytest

from localexp import Experiment, RunConfiguration, ScriptRunConfig, Workspace
from tests.processes import Project

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


def seen_by(experiment: Experiment, project: Project, **variables: str) -> dict[str, str]:
    """The environment of a script."""
    project.write("train.py", SHOW)
    config = project.config()
    config.run_config.environment_variables = dict(variables)
    return environment_of(experiment, config)


def environment_of(experiment: Experiment, config: ScriptRunConfig) -> dict[str, str]:
    run = experiment.submit(config)
    assert run.wait_for_completion()["status"] == "Completed"
    seen = json.loads(run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"])
    assert isinstance(seen, dict)
    return seen


def test_variables_of_the_configuration_win_over_inherited_ones(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLAVOUR", "inherited")
    monkeypatch.setenv("INHERITED", "ü\nand more")

    seen = seen_by(experiment, project, FLAVOUR="plum", EMPTY="")

    assert (seen["FLAVOUR"], seen["EMPTY"], seen["INHERITED"]) == ("plum", "", "ü\nand more")


def test_variables_that_say_which_run_it_is_are_ours(experiment: Experiment, project: Project) -> None:
    own = ("LOCALEXP_RUN_ID", "LOCALEXP_WORKSPACE", "AZUREML_RUN_ID", "AZUREML_ARM_SUBSCRIPTION")

    seen = seen_by(experiment, project, **dict.fromkeys(own, "another"))

    [run] = experiment.get_runs()
    assert [seen[name] for name in own] == [run.id, experiment.workspace.path, run.id, "local"]


def test_a_script_learns_the_name_of_its_workspace_and_nothing_secret(workspace: Workspace, project: Project) -> None:
    named = Workspace.create("fruit", str(project.path.parent / "named"))

    seen = seen_by(Experiment(named, "digits"), project)

    assert seen["AZUREML_ARM_WORKSPACE_NAME"] == named.name == "fruit"
    assert not [name for name in seen if "TOKEN" in name and name not in os.environ]
    assert "AZUREML_SERVICE_ENDPOINT" not in seen


def test_a_script_that_a_script_submits_has_the_variables_of_its_own_run(
    experiment: Experiment, project: Project
) -> None:
    project.write("inner.py", SHOW)
    project.write(
        "train.py",
        """
        import os
        from localexp import Experiment, ScriptRunConfig, Workspace
        Experiment(Workspace(os.environ["LOCALEXP_WORKSPACE"]), "inner").submit(ScriptRunConfig(".", "inner.py"))
        """,
    )
    experiment.submit(project.config()).wait_for_completion()

    [run] = Experiment(experiment.workspace, "inner").get_runs()
    run.wait_for_completion()
    seen = json.loads(run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"])

    assert (seen["AZUREML_RUN_ID"], seen["AZUREML_ARM_PROJECT_NAME"]) == (run.id, "inner")


def test_a_setting_that_a_run_configuration_does_not_have_is_refused() -> None:
    with pytest.raises(AttributeError, match="RunConfiguration has no setting 'enviroment_variables'; it has "):
        RunConfiguration().enviroment_variables = {}


@pytest.mark.skipif(sys.platform == "win32", reason="names do not tell case there")
def test_a_variable_may_hold_bytes_that_are_no_text(experiment: Experiment, project: Project) -> None:
    value = os.fsdecode(b"caf\xe9")

    assert seen_by(experiment, project, PLACE=value)["PLACE"] == value
