"""The output folder of an interactive run: found at the end, copied, and never made unasked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localexp import Experiment, Run, ScriptRunConfig, Workspace
from localexp.errors import SnapshotException, UserErrorException
from tests.processes import output, python


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the runs of a test start."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def started(experiment: Experiment, outputs: str | os.PathLike[str] | bool | None = None) -> Run:
    return experiment.start_logging(outputs=outputs, snapshot_directory=None)


def text_of(run: Run, name: str, at: Path) -> str:
    run.download_file(name, at)
    return at.read_text()


def warnings_of(run: Run) -> str:
    return str(run.get_details().get("warnings", ""))


def write(path: Path, text: str = "text") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("outputs", [None, ""])
def test_by_default_outputs_is_kept_if_it_is_there_at_the_end(
    experiment: Experiment, here: Path, tmp_path: Path, outputs: str | None
) -> None:
    run = started(experiment, outputs)
    write(here / "outputs" / "deep" / "model.txt", "weights")
    run.complete()

    assert run.get_file_names() == ["outputs/deep/model.txt"]
    assert text_of(run, "outputs/deep/model.txt", tmp_path / "got") == "weights"
    assert (here / "outputs" / "deep" / "model.txt").read_text() == "weights"


@pytest.mark.parametrize("outputs", [None, "", False])
def test_outputs_is_never_made_unasked(experiment: Experiment, here: Path, outputs: str | bool | None) -> None:
    with started(experiment, outputs) as run:
        pass

    assert list(here.iterdir()) == []
    assert run.get_file_names() == []
    assert warnings_of(run) == ""


def test_outputs_that_are_asked_for_are_made_at_the_start(experiment: Experiment, here: Path, tmp_path: Path) -> None:
    for outputs, path in (
        (True, here / "outputs"),
        ("made/here", here / "made/here"),
        (tmp_path / "it", tmp_path / "it"),
    ):
        with started(experiment, outputs):
            assert path.is_dir()


def test_false_keeps_nothing(experiment: Experiment, here: Path) -> None:
    write(here / "outputs" / "model.txt")

    with started(experiment, False) as run:
        pass

    assert run.get_file_names() == []


def test_a_folder_here_gives_its_way_from_here_to_the_names_and_one_elsewhere_its_last_part(
    experiment: Experiment, here: Path, tmp_path: Path
) -> None:
    with started(experiment, "results/final") as inside:
        write(here / "results" / "final" / "a.txt")
    with started(experiment, tmp_path / "far" / "away") as outside:
        write(tmp_path / "far" / "away" / "a.txt")

    assert inside.get_file_names() == ["results/final/a.txt"]
    assert outside.get_file_names() == ["away/a.txt"]


def test_the_folder_is_that_of_where_the_run_was_started(
    experiment: Experiment, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(experiment)
    write(here / "outputs" / "model.txt")
    monkeypatch.chdir(tmp_path)
    run.complete()

    assert run.get_file_names() == ["outputs/model.txt"]


def test_where_the_current_directory_was_removed_a_run_starts_without_what_it_is_for(
    experiment: Experiment, here: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    write(source / "train.py")
    here.rmdir()

    with pytest.warns(UserWarning, match="removed") as told, experiment.start_logging() as run:
        run.log("loss", 0.5)
    said = ["no outputs are kept with the run: the current", "the run goes on without a snapshot: the path '.'"]
    assert [str(one.message)[: len(start)] for one, start in zip(told, said, strict=True)] == said
    assert {one.filename for one in told} == {__file__}
    with pytest.warns(UserWarning, match="no outputs are kept"):
        started(experiment).complete()
    with experiment.start_logging(outputs=tmp_path / "far" / "made", snapshot_directory=source) as run:
        write(tmp_path / "far" / "made" / "a.txt")
    assert run.get_file_names() == ["made/a.txt"]


def test_what_refers_to_a_current_directory_that_was_removed_is_refused(experiment: Experiment, here: Path) -> None:
    here.rmdir()

    for outputs in ("o", True):
        with pytest.raises(UserErrorException, match=r"path 'o\w*' refers to .* removed; give a whole path"):
            started(experiment, outputs)
    with pytest.raises(SnapshotException, match=r"path 'source' refers to .* removed; give a whole path"):
        experiment.start_logging(outputs=False, snapshot_directory="source")
    with pytest.raises(UserErrorException, match=r"path '.' refers to .* removed; give a whole path"):
        experiment.submit(ScriptRunConfig(".", "train.py"))
    assert list(experiment.get_runs()) == []


@pytest.mark.parametrize("ending", ["complete", "fail", "cancel"])
def test_however_it_is_ended_outputs_are_kept(experiment: Experiment, here: Path, ending: str) -> None:
    run = started(experiment)
    write(here / "outputs" / "model.txt")
    getattr(run, ending)()

    assert run.get_file_names() == ["outputs/model.txt"]


@pytest.mark.parametrize("ending", ["pass", "raise ValueError"])
def test_the_end_of_the_interpreter_keeps_outputs_too(workspace: Workspace, here: Path, ending: str) -> None:
    process = python(
        f"""
        import os, sys
        from localexp import Experiment, Workspace
        run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(outputs=True, snapshot_directory=None)
        open("outputs/model.txt", "w").close()
        print(run.id, flush=True)
        {ending}
        """,
        workspace.path,
    )
    run_id, _ = process.communicate()

    assert Run.get(workspace, run_id.strip()).get_file_names() == ["outputs/model.txt"]


def test_what_was_kept_does_not_change_with_the_file(experiment: Experiment, here: Path, tmp_path: Path) -> None:
    model = here / "outputs" / "model.txt"
    with started(experiment) as run:
        write(model, "first")

    with model.open("a") as file:
        file.write(" and more")

    assert text_of(run, "outputs/model.txt", tmp_path / "got") == "first"


def test_two_runs_may_keep_the_same_folder(experiment: Experiment, here: Path) -> None:
    write(here / "outputs" / "model.txt")
    with started(experiment) as first, started(experiment) as second:
        pass

    assert first.get_file_names() == second.get_file_names() == ["outputs/model.txt"]


def test_bytes_that_differ_from_what_was_kept_are_kept_beside_it_and_equal_ones_are_not(
    experiment: Experiment, here: Path, tmp_path: Path
) -> None:
    run = started(experiment)
    write(here / "outputs" / "same.txt", "same")
    write(here / "outputs" / "other.txt", "first")
    run.complete(_set_status=False)
    write(here / "outputs" / "other.txt", "second")
    run.complete()

    assert run.get_file_names() == ["captured-1/outputs/other.txt", "outputs/other.txt", "outputs/same.txt"]
    assert text_of(run, "captured-1/outputs/other.txt", tmp_path / "got") == "second"
    assert "outputs/other.txt had been uploaded with other bytes" in warnings_of(run)


def test_links_are_followed_only_to_files_inside(experiment: Experiment, here: Path, tmp_path: Path) -> None:
    write(tmp_path / "secret.txt", "secret")
    write(here / "outputs" / "deep" / "model.txt", "weights")
    os.symlink("deep/model.txt", here / "outputs" / "latest")
    os.symlink(tmp_path / "secret.txt", here / "outputs" / "outside")
    os.symlink(tmp_path, here / "outputs" / "folder")
    os.symlink("nowhere", here / "outputs" / "broken")

    with started(experiment) as run:
        pass

    assert run.get_file_names() == ["outputs/deep/model.txt", "outputs/latest"]
    assert text_of(run, "outputs/latest", tmp_path / "got") == "weights"
    for name in ("outside", "folder", "broken"):
        assert f"the link outputs/{name} leads to no file of the run" in warnings_of(run)


def test_a_link_in_the_place_of_outputs_is_not_followed_unless_it_was_asked_for(
    experiment: Experiment, here: Path, tmp_path: Path
) -> None:
    write(tmp_path / "elsewhere" / "model.txt")
    os.symlink(tmp_path / "elsewhere", here / "outputs")

    with started(experiment) as unasked, started(experiment, "outputs") as asked:
        pass

    assert unasked.get_file_names() == []
    assert "outputs is a link" in warnings_of(unasked)
    assert asked.get_file_names() == ["outputs/model.txt"]


def test_what_is_no_file_is_not_kept_and_said(experiment: Experiment, here: Path) -> None:
    (here / "outputs").mkdir()
    os.mkfifo(here / "outputs" / "pipe")

    with started(experiment) as run:
        pass

    assert run.get_file_names() == []
    assert "outputs/pipe is neither a file nor a link" in warnings_of(run)


def test_a_store_in_the_folder_is_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "model.txt")

    with started(Experiment(Workspace(tmp_path), "digits"), ".") as run:
        pass

    assert run.get_file_names() == ["model.txt"]


def test_a_folder_that_cannot_be_made_is_refused_and_no_run_is_made(experiment: Experiment, here: Path) -> None:
    write(here / "taken")

    for outputs in ("taken", "taken/below", 3, b"bytes"):
        with pytest.raises(UserErrorException, match="output"):
            started(experiment, outputs)  # type: ignore[arg-type]

    assert list(experiment.get_runs()) == []


def test_children_keep_nothing_unless_they_are_asked_to(experiment: Experiment, here: Path) -> None:
    write(here / "outputs" / "model.txt")
    with started(experiment, False) as parent:
        with parent.child_run() as silent:
            pass
        with parent.child_run(outputs=True) as keeping:
            pass
        with parent.child_run(outputs="own") as own:
            write(here / "own" / "a.txt")

    assert silent.get_file_names() == []
    assert keeping.get_file_names() == ["outputs/model.txt"]
    assert own.get_file_names() == ["own/a.txt"]


def test_an_object_of_a_run_of_this_process_may_name_another_folder(experiment: Experiment, here: Path) -> None:
    run = started(experiment)
    same = Run(experiment, run.id, outputs="chosen")
    write(here / "chosen" / "a.txt")
    write(here / "outputs" / "b.txt")
    same.complete()

    assert run.get_file_names() == ["chosen/a.txt"]


def test_naming_a_folder_for_a_run_that_has_ended_makes_nothing(experiment: Experiment, here: Path) -> None:
    with started(experiment) as run:
        pass

    assert Run(experiment, run.id, outputs="chosen").get_status() == "Completed"
    assert list(here.iterdir()) == []


def test_files_that_cannot_be_read_are_warned_of_and_the_others_kept(workspace: Workspace, here: Path) -> None:
    write(here / "outputs" / "good.txt")
    write(here / "outputs" / "changing.txt")
    run_id = output(
        python(
            """
            import os, sys
            from localexp import Experiment, Workspace
            run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
            def vanish(event, arguments):
                if event == "open" and str(arguments[0]).find("changing.txt") >= 0 and os.path.exists(arguments[0]):
                    os.unlink(arguments[0])
            sys.addaudithook(vanish)
            run.complete()
            print(run.id)
            """,
            workspace.path,
        )
    )
    run = Run.get(workspace, run_id.strip())

    assert run.get_status() == "Completed"
    assert run.get_file_names() == ["outputs/good.txt"]
    assert "changing.txt" in warnings_of(run)


def test_files_are_kept_once_on_a_file_system_without_links(
    experiment: Experiment, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(experiment)
    write(here / "outputs" / "same", "same")
    write(here / "outputs" / "other", "new")
    run.upload_file("outputs/same", here / "outputs" / "same")
    write(tmp_path / "old", "old")
    run.upload_file("outputs/other", tmp_path / "old")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refused)
    run.complete()

    assert run.get_file_names() == ["captured-1/outputs/other", "outputs/other", "outputs/same"]
    assert text_of(run, "captured-1/outputs/other", tmp_path / "got") == "new"
    assert text_of(run, "outputs/other", tmp_path / "got") == "old"
    assert os.listdir(run._layout.folder) == ["artifacts"]
