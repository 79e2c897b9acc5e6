"""What the README says is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest
import yaml

from localexp import Experiment, RunConfiguration, Workspace
from localexp.cli.main import localexp
from tests.execution.builders import wheel

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


BEFORE, _, AFTER = README.partition("## Testing with localexp\n")
TESTING, _, AFTER = AFTER.partition("\n## ")


def blocks(language: str, text: str = BEFORE + AFTER) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_code_of_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    submit, train, loop, keep, read, find, compare, sql, *_ = blocks("python")
    (tmp_path / "submit.py").write_text(submit)
    (tmp_path / "train.py").write_text(train)
    begin = submit.partition("config =")[0]
    (tmp_path / "loop.py").write_text(begin + loop)
    (tmp_path / "data.txt").write_text("made by hand")
    (tmp_path / "keep.py").write_text(
        begin + keep + read + find + compare + sql + "print(*history.values, *history.steps, best[0]['last'], *mlps)\n"
    )
    workspace = Workspace(tmp_path)

    printed = subprocess.run(
        [sys.executable, "submit.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    offline = subprocess.run([sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    subprocess.run([sys.executable, "loop.py"], cwd=tmp_path, check=True)

    assert printed.startswith("file://")
    assert printed.endswith("\n{'loss': 0.25}\n")
    assert "0.25" in offline.stdout
    kept = subprocess.run([sys.executable, "keep.py"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    last, interactive, submitted = Experiment(workspace, "digits").get_runs()
    assert submitted.get_status() == interactive.get_status() == "Completed"
    assert submitted.get_tags() == {"model": "mlp"}
    assert len(interactive.get_metrics()["loss"]) == 100
    assert last.get_metrics()["losses"] == [0.5, 0.25]
    assert [child.get_metrics() for child in last.get_children()] == [{"accuracy": 0.9 + n / 100} for n in (2, 1, 0)]
    mlps = [str({"run": run.id, "name": "model", "value": "mlp"}) for run in (submitted, last)]
    assert kept.splitlines()[-1] == " ".join(["0.25 1 0.25", *mlps])


def test_what_the_readme_shows_of_running_again_and_elsewhere_runs_as_it_stands(tmp_path: Path) -> None:
    submit, train, *_, again, environment, ranks = blocks("python")
    wheel(tmp_path, "1.0")
    (tmp_path / "requirements.txt").write_text(f"--no-index\n--find-links {tmp_path}\ntiny\n")
    (tmp_path / "train.py").write_text(train)
    after = "experiment.submit(config).wait_for_completion(raise_on_error=True)\n"
    (tmp_path / "all.py").write_text(submit + again + environment + ranks + after)
    workspace = Workspace(tmp_path)

    printed = subprocess.run(
        [sys.executable, "all.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull},
    ).stdout

    workspace.wait(Experiment(workspace, "digits").get_runs())
    distributed, built, verifying, rerun, first = Experiment(workspace, "digits").get_runs()
    assert printed.endswith("\nTrue\n")
    assert rerun.origin == verifying.origin == first.id
    assert rerun.get_details()["runDefinition"]["arguments"] == ["--lr", "0.2"]
    assert built.get_status() == "Completed"
    assert workspace.environments["torch"].version == "1"
    assert distributed.get_metrics() == {"loss": [0.25] * 4}
    assert RunConfiguration.load(tmp_path, "train").environment.name == "torch"


def test_the_chapter_on_testing_holds_in_a_small_project(tmp_path: Path) -> None:
    training, tests, assertions, compared, ephemeral = blocks("python", TESTING)
    comparing = 'assert report(localexp_run) == Path("tests/report.json").read_text()'
    [renewing] = re.findall(r"`(Path\(.*report\(localexp_run\)\))`", TESTING)
    prepared = """
def test_what_is_asserted(localexp_run):
    run = localexp_run
    run.log("loss", 0.12)
    run.log_list("curve", [0.5, 0.25])
    run.log_row("epoch", number=1)
    run.log_row("epoch", number=2)
    with open("model.pkl", "w"):
        run.upload_file("outputs/model.pkl", "model.pkl")
    run.complete()
"""
    outside = """
def test_outside_of_fixtures():
    from localexp import Experiment, ScriptRunConfig, Workspace
    config = ScriptRunConfig(".", "training.py", arguments=["--lr", 0.1])
"""
    project = tmp_path / "project"
    (project / "tests").mkdir(parents=True)
    (project / "training.py").write_text(training)
    (project / "test_training.py").write_text(
        tests
        + prepared
        + indent(assertions, "    ")
        + outside
        + indent(ephemeral, "    ")
        + "        run.wait_for_completion()\n    assert not os.path.exists(workspace.path)\n"
        + "\nimport os\n"
    )

    def said(*arguments: str) -> str:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", f"--basetemp={tmp_path}/tested"]
        return subprocess.run([*command, *arguments], cwd=project, capture_output=True, text=True).stdout

    assert comparing in compared
    (project / "test_report.py").write_text("from training import train\n" + compared.replace(comparing, renewing))
    assert "1 passed" in (first := said("test_report.py")), first
    (project / "test_report.py").write_text("from training import train\n" + compared)
    assert "6 passed" in (last := said()), last


def test_the_workflow_of_the_chapter_keeps_the_workspaces_of_the_tests() -> None:
    [workflow] = blocks("yaml", TESTING)
    [job] = yaml.safe_load(workflow)["jobs"].values()
    *_, run, keep = job["steps"]

    assert run["run"] == f"python -m pytest --basetemp={keep['with']['path']}"
    assert keep["with"]["include-hidden-files"] is True
    assert f"`LOCALEXP_WORKSPACE={keep['with']['path']}/test_the_loss_falls0/workspace" in TESTING


def test_the_options_and_fixtures_of_the_plugin_are_in_the_readme(pytester: pytest.Pytester) -> None:
    said = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:asyncio", "--fixtures").stdout.str()
    options = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:asyncio", "--help").stdout.str()

    names = set(re.findall(r"^(localexp_\w+)", said, re.MULTILINE))
    assert len(names) == 8
    for name in names | set(re.findall(r"^  (localexp_\w+)", options, re.MULTILINE)):
        assert f"`{name}" in TESTING or f"`…{name.rpartition('_')[2]}`" in TESTING, name


def test_every_command_is_in_the_readme_and_has_help() -> None:
    import click

    for name in localexp.list_commands(click.Context(localexp)):
        command = localexp.get_command(click.Context(localexp), name)
        assert command is not None
        assert command.help
        assert f"`localexp {name}" in README


def test_the_version_is_in_the_changelog() -> None:
    from localexp import __version__

    changelog = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"## {__version__}" in changelog


def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = [line for line in README.splitlines() if line.endswith("-m pytest")]

    assert len(commands) == 1
    assert "grep -m1 -- '-m pytest$' README.md" in (Path(__file__).parents[2] / ".ci" / "run").read_text()
