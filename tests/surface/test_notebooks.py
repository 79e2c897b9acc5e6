"""What notebooks show of workspaces, experiments and runs."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.store import params, points
from tests.processes import Project
from tests.statements import statements_of
from tests.store.rows import add_run

ODD = "<script>alert('1')</script> & \"x\""


class _Read(HTMLParser):
    """The texts of what is shown, and a complaint about every tag that does not close what is open."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(source)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data + "\n"


def shown(one: object) -> _Read:
    return _Read(one._repr_html_())  # type: ignore[attr-defined]


def files_below(folder: str) -> dict[str, bytes]:
    return {
        os.path.join(place, name): Path(place, name).read_bytes()
        for place, _, names in os.walk(folder)
        for name in names
        if not name.endswith(("-wal", "-shm"))
    }


@pytest.fixture
def run(experiment: Experiment) -> Run:
    run = experiment.start_logging(snapshot_directory=None, display_name=ODD, tags={ODD: ODD})
    run.log_list(ODD, [0.5, 0.25, 0.125])
    run.log("note", ODD)
    run.complete()
    return run


def test_everything_is_shown_with_its_texts_escaped(experiment: Experiment, run: Run) -> None:
    experiment.tag(ODD, ODD)

    for one in (experiment.workspace, experiment, run, experiment.get_runs()):
        assert "script" not in shown(one).tags
    for one in (experiment, run, experiment.get_runs()):
        assert ODD in shown(one).text


def test_a_run_is_shown_with_its_state_tags_and_curves(run: Run) -> None:
    read = shown(run)

    assert "polyline" in read.tags
    for text in (run.id, "Completed", "digits", "3 values, 0.125 to 0.5"):
        assert text in read.text


def test_of_very_many_metrics_the_first_are_shown(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    for number in range(60):
        run.log(f"metric-{number}-", number)

    text = shown(run).text

    assert "metric-49-" in text
    assert "metric-50-" not in text
    assert "and 10 more" in text


def test_a_workspace_is_shown_with_its_experiments(workspace: Workspace, run: Run) -> None:
    Experiment(workspace, "empty")

    text = shown(workspace).text

    assert workspace.name in text
    assert workspace.path in text
    assert "digits\n1\nCompleted\n" in text
    assert "empty\n0\n" in text
    assert "Active runs" not in text


def test_a_workspace_is_shown_with_the_runs_that_go_on(workspace: Workspace, run: Run) -> None:
    going = Experiment(workspace, "busy").start_logging(snapshot_directory=None, display_name="goes on")
    going.log_list("loss", [2.0, 1.0])

    text = shown(workspace).text

    assert text.index("Active runs") < text.index("goes on") < text.index("Experiments")
    assert ODD not in text
    assert "busy\n1\n1\nRunning\n" in text
    going.complete()
    assert "Active runs" not in shown(workspace).text


def test_of_very_many_experiments_the_first_are_shown(workspace: Workspace) -> None:
    for number in range(101):
        Experiment(workspace, f"named-{number:03}")

    text = shown(workspace).text

    assert "named-099" in text
    assert "named-100" not in text
    assert "and 1 more" in text


def test_the_description_of_a_metric_is_shown_with_it(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 1.0, description="mean of <squares>")
    run.log_row("row", "what it has", a=1)

    assert "loss\nmean of <squares>\n" in shown(run).text
    assert "row\nwhat it has\n" in shown(run).text


def test_of_very_long_texts_the_beginning_is_shown(experiment: Experiment) -> None:
    long = "x" * 100_000
    run = experiment.start_logging(snapshot_directory=None, display_name=long, tags={long: long})
    run.log(long, long, description=long)
    run.log_list("texts", [long] * 3)
    run.log_row("wide", **{f"column-{number}-": long for number in range(50)})

    for one in (run, experiment, experiment.get_runs(), experiment.workspace):
        text = shown(one).text
        assert len(text) < 50_000
        assert "xxx" in text or one is experiment.workspace
    assert os.path.getsize(run.get_portal_url().removeprefix("file://")) < 50_000
    assert os.path.getsize(experiment.get_portal_url().removeprefix("file://")) < 50_000


def test_integers_beyond_every_float_are_left_out_of_the_curve(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log_list("huge", [10**400, -(10**400), 1, 2])

    assert "4 values, 1 to 2" in shown(run).text


def test_an_experiment_is_shown_with_its_newest_runs(experiment: Experiment) -> None:
    for number in range(21):
        experiment.start_logging(run_id=f"run-{number}-", snapshot_directory=None).complete()

    text = shown(experiment).text

    assert "run-20-" in text
    assert "run-1-" in text
    assert "run-0-" not in text
    assert "there are more" in text


def test_an_experiment_that_has_not_been_created_is_shown_too(workspace: Workspace) -> None:
    assert "not created yet" in shown(Experiment(workspace, "later", _create_in_cloud=False)).text
    assert "No runs." in shown(Experiment(workspace, "later", _create_in_cloud=False).get_runs()).text


def test_an_experiment_without_runs_says_so(experiment: Experiment) -> None:
    assert "No runs." in shown(experiment).text


def test_showing_a_list_of_runs_takes_none_from_it(experiment: Experiment) -> None:
    ids = [experiment.start_logging(snapshot_directory=None, tags={"a": "b"}).id for _ in range(3)]
    experiment.start_logging(run_id="other", snapshot_directory=None)
    runs = experiment.get_runs(tags="a")

    assert next(runs).id == ids[2]
    text = shown(runs).text
    assert all(identifier in text for identifier in ids)
    assert "other" not in text
    assert [run.id for run in runs] == ids[1::-1]


def test_showing_writes_nothing(experiment: Experiment, run: Run) -> None:
    shown(run)
    before = files_below(experiment.workspace.path)

    for one in (experiment.workspace, experiment, run, experiment.get_runs()):
        shown(one)

    assert files_below(experiment.workspace.path) == before


def test_what_a_list_shows_of_a_metric_is_its_last_value_and_its_way(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None, outputs=False) as run:
        run.log_list("loss", [0.5, 0.25])
        run.log("accuracy", 0.75)

    html = experiment.get_runs()._repr_html_()

    assert len(re.findall("<svg", html)) == 1
    assert re.search(r"0\.25</span></td><td class=\"curve\"><svg [^>]*aria-label=\"from 0\.25 to 0\.5\"", html)
    assert "0.75" in html


def test_of_params_those_are_listed_in_which_runs_differ(experiment: Experiment) -> None:
    for rate in (0.1, 0.2):
        with experiment.start_logging(snapshot_directory=None, outputs=False) as run:
            run.log_params({"rate": rate, "layers": 3, "name": ODD if rate == 0.1 else "plain"})
    with experiment.start_logging(snapshot_directory=None, outputs=False) as run:
        run.log_params({"rate": 0.3, "layers": 3, "name": "plain", "extra": True})

    text = shown(experiment).text

    assert "\nextra\n" in text
    assert "\nname\n" in text
    assert "\nrate\n" in text
    assert "layers" not in text
    assert ODD in text
    assert "\nlayers\n3\n" in shown(run).text


def test_of_a_run_that_failed_comes_first_why_and_what_it_printed_last(
    experiment: Experiment, project: Project
) -> None:
    project.write(
        "train.py",
        "print('\\x1b[31mred\\x1b[0m\\n10%\\r20%\\r\\nthe <b>end</b>\\x07')\nraise ValueError('<i>nan</i>')",
    )
    run = experiment.submit(project.config())
    run.wait_for_completion(raise_on_error=False)

    read = shown(run)

    assert not {"b", "i"} & read.tags - {"b"}
    why = "the script exited with code 1: ValueError: <i>nan</i>"
    assert read.text.index(why) < read.text.index("red\n20%\nthe <b>end</b>\nTraceback")
    assert "1 file" in read.text
    assert f'title="{why.replace("<", "&lt;").replace(">", "&gt;")}' in experiment.get_runs()._repr_html_()


def test_a_run_is_shown_with_its_warnings_files_and_relatives(experiment: Experiment, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"x" * 2048)
    with experiment.start_logging(snapshot_directory=None, outputs=False, display_name="above") as parent:
        child = parent.child_run()
        child.upload_file(ODD.replace("/", "-"), tmp_path / "data")
        child.fail("<b>wrong</b>", _set_status=False)
        child.complete()

    text = shown(child).text

    assert "digits #2 · child of above · started 2" in text
    above = shown(parent).text
    assert above.index("Child runs") < above.index(child.id)
    assert "Child runs" not in text
    assert "<b>wrong</b>" in text
    assert "1 file, 2.0 KiB" in text
    assert ODD.replace("/", "-") in text


def test_what_is_deleted_says_so(experiment: Experiment, run: Run) -> None:
    runs = experiment.get_runs()
    Experiment(experiment.workspace, "other")
    experiment.archive()
    Experiment.delete(experiment.workspace, str(experiment.id))

    assert "was deleted" in shown(experiment).text
    assert run.id in shown(run).text
    assert "Status: unknown" in shown(run).text
    assert "No runs." in shown(runs).text
    os.rename(f"{experiment.workspace.path}/.localexp", f"{experiment.workspace.path}/gone")
    assert "Workspace(" in shown(experiment.workspace).text


def test_the_style_is_that_of_the_theme_and_reaches_nothing_else(run: Run) -> None:
    html = run._repr_html_()
    [style] = re.findall("<style>(.*?)</style>", html, re.DOTALL)

    selectors = [one for many in re.findall(r"([^{}]+)\{[^{}]*\}", style) for one in many.split(",")]
    assert len(selectors) > 30
    assert [one for one in selectors if not one.strip().startswith(".localexp.localexp")] == []
    for wanted in ("var(--jp-error-color1, var(--vscode-errorForeground, light-dark(", "currentColor"):
        assert wanted in style
    assert not re.search(r"url\(|@import|https?:|src=|href=|\son\w+=", html)


def add_runs(experiment: Experiment, numbers: range, metrics: int, values: int) -> None:
    with experiment.workspace._store.main.writing() as db:
        key = experiment._standing_record().key  # type: ignore[union-attr]
        for number in numbers:
            run = add_run(db, key, f"run-{number}")
            params.put(db, run, "rate", str(number), (1, 0, 0))
            for metric in range(metrics):
                said: list[points.Point] = [(time, time, None, float(time * number % 97)) for time in range(values)]
                points.append(db, run, 1, f"metric {metric}", "scalar", said)


def test_a_list_is_small_and_takes_as_many_statements_however_much_there_is(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = statements_of(experiment.workspace, monkeypatch)

    def statements_to_show(one: object) -> int:
        said.clear()
        assert len(one._repr_html_()) < 100_000  # type: ignore[attr-defined]
        return len(said)

    add_runs(experiment, range(25), 5, 90)
    few = [statements_to_show(one) for one in (experiment, experiment.get_runs(), experiment.workspace)]
    add_runs(experiment, range(25, 60), 5, 90)
    many = [statements_to_show(one) for one in (experiment, experiment.get_runs(), experiment.workspace)]
    add_runs(experiment, range(60, 80), 50, 2)
    wide = [statements_to_show(one) for one in (experiment, experiment.get_runs(), experiment.workspace)]

    assert many == few
    assert wide[2] == few[2]
    assert wide[0] < few[0] < 5000


def test_a_page_of_a_search_says_that_there_are_more(workspace: Workspace, run: Run) -> None:
    Experiment(workspace, "other").start_logging(snapshot_directory=None, outputs=False).complete()

    first, both = workspace.search_runs(limit=1), workspace.search_runs()

    assert "The first 1; there are more." in shown(first).text
    assert "there are more" not in shown(both).text
    # As they are of several experiments, each is named.
    assert "\nExperiment\n#\n" in shown(both).text
    assert "\nExperiment\n#\n" not in shown(first).text
    os.rename(f"{workspace.path}/.localexp", f"{workspace.path}/gone")
    assert run.id not in shown(both).text
