"""``assert_artifacts``: which files a run has."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from localexp import Experiment, Run
from localexp.errors import UserErrorException
from localexp.testing import assert_artifacts
from tests.processes import Project, wait_until


@pytest.fixture
def run(experiment: Experiment) -> Run:
    """A run that has ended and has two files."""
    with experiment.start_logging(snapshot_directory=None) as run:
        run.upload_file("outputs/model.pkl", io.BytesIO(b"weights"))
        run.upload_file("outputs/sub/notes.txt", io.BytesIO(b"notes"))
    return run


def failure(run: Run, *names: str) -> list[str]:
    """The lines that the test is told."""
    with pytest.raises(AssertionError) as caught:
        assert_artifacts(run, names)
    return str(caught.value).splitlines()


def test_files_that_are_there_are_found_by_name_or_path(run: Run) -> None:
    assert_artifacts(run, ["outputs/model.pkl", "./outputs/sub/notes.txt"])
    assert_artifacts(run, {Path("outputs") / "model.pkl"})


def test_every_file_that_is_missing_is_told_with_what_was_likely_meant(run: Run) -> None:
    assert failure(run, "outputs/model.pkl", "model.pkl", "outputs/modle.pkl", "outputs/", "outputs/sub", "else") == [
        "artifacts missing: 'model.pkl', 'outputs/modle.pkl', 'outputs/', 'outputs/sub', 'else'",
        "  'model.pkl': did you mean 'outputs/model.pkl'?",
        "  'outputs/modle.pkl': did you mean 'outputs/model.pkl'?",
        "  'outputs/': a folder; name files in it: 'outputs/model.pkl', 'outputs/sub/notes.txt'",
        "  'outputs/sub': a folder; name files in it: 'outputs/sub/notes.txt'",
        "  'else': no file has a name like this",
        f"  run {run.id} is Completed",
        "  it has 'outputs/model.pkl', 'outputs/sub/notes.txt'",
    ]


def test_a_run_without_files_says_so(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)

    assert failure(run, "outputs/model.pkl") == [
        "artifact missing: 'outputs/model.pkl'",
        "  'outputs/model.pkl': no file has a name like this",
        f"  run {run.id} is Running",
        "  it has no files",
    ]


def test_of_a_file_that_was_written_and_not_uploaded_it_is_told_what_keeps_it(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("outputs/model.json", "{}")
    monkeypatch.chdir(project.path)
    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    names = ["outputs/model.json", "outputs/else.json", f"../{project.path.name}/outputs/model.json"]
    what_keeps_it = "write run.upload_file(name, path), or run a script by localexp_submit, which keeps outputs/"
    told = [
        f"'outputs/model.json': it is in the current directory, but was not uploaded: {what_keeps_it}",
        f"{names[1]!r}: no file has a name like this",
        f"{names[2]!r}: no file has a name like this",
    ]

    assert [line.strip() for line in failure(run, *names)[1:4]] == told
    run.complete()
    assert [line.strip() for line in failure(run, *names)[1:4]] == told


def test_of_a_script_the_current_directory_tells_nothing(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "")
    run = experiment.submit(project.config())
    run.wait_for_completion()
    monkeypatch.chdir(project.path)

    assert failure(run, "train.py")[1] == "  'train.py': no file has a name like this"


def test_a_file_that_somebody_has_removed_is_told(run: Run) -> None:
    path = run._layout.artifact("outputs/model.pkl")
    os.unlink(path)

    assert failure(run, "outputs/model.pkl")[1] == (
        f"  'outputs/model.pkl': it is recorded, but its file has been removed: {path}"
    )


def test_a_script_that_goes_on_has_what_it_has_written_by_now(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "open('outputs/model.pkl', 'w').write('w'); import time; time.sleep(60)")
    run = experiment.submit(project.config())
    wait_until(lambda: "outputs/model.pkl" in run.get_file_names(), "the script has written")

    assert_artifacts(run, ["outputs/model.pkl", "user_logs/std_log.txt"])
    run.cancel()
    run.wait_for_completion()
    assert_artifacts(run, ["outputs/model.pkl", "user_logs/std_log.txt"])


def test_names_are_shown_safe_and_short(run: Run) -> None:
    told = failure(run, "\x1b[31m\n", "n" * 10_000)

    assert [line for line in told if not line.isprintable() or len(line) > 200] == []


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("outputs/model.pkl", r"takes a list of names: write \['outputs/model.pkl'\]"),
        (Path("outputs/model.pkl"), r"takes a list of names: write \['outputs/model.pkl'\]"),
        (None, "takes a list of names second, not a NoneType"),
        ([b"outputs/model.pkl"], "the name of an artifact is a text or a path, not b'outputs/model.pkl'"),
    ],
)
def test_what_is_no_list_of_names_is_refused_with_what_to_write(run: Run, names: list[str], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        assert_artifacts(run, names)


def test_no_names_at_all_are_refused(run: Run) -> None:
    with pytest.raises(UserErrorException, match="was given no name to look for"):
        assert_artifacts(run, [])
    with pytest.raises(TypeError, match="assert_artifacts takes a Run first, not a list"):
        assert_artifacts(["outputs/model.pkl"], ["outputs/model.pkl"])  # type: ignore[arg-type]
