"""Files of runs behave as in Azure ML (azure-ml-v1.md, section 2.4), or differ from it on purpose."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from localexp import Experiment, Run
from localexp.errors import UserErrorException
from tests.processes import Project


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a file in a folder."""
    folder = tmp_path / "here"
    (folder / "made" / "deep").mkdir(parents=True)
    (folder / "made" / "a.txt").write_text("a")
    (folder / "made" / "deep" / "b.txt").write_text("b")
    (folder / "made" / "empty").mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(experiment: Experiment, here: Path) -> Iterator[Run]:
    with experiment.start_logging(snapshot_directory=None, outputs=False) as run:
        yield run


def test_a_file_is_uploaded_under_a_name(run: Run) -> None:
    result = run.upload_file("models/a.txt", "made/a.txt")

    assert list(result.artifacts) == ["models/a.txt"]
    assert run.get_file_names() == ["models/a.txt"]


def test_a_stream_is_uploaded(run: Run) -> None:
    run.upload_file("bytes.bin", io.BytesIO(b"\0\1"))

    run.download_file("bytes.bin")

    assert Path("bytes.bin").read_bytes() == b"\0\1"


def test_paths_of_pathlib_differ_and_are_taken(run: Run, here: Path) -> None:
    run.upload_file("a.txt", here / "made" / "a.txt")

    assert run.get_file_names() == ["a.txt"]


def test_other_bytes_under_a_name_are_refused(run: Run) -> None:
    run.upload_file("a.txt", "made/a.txt")

    with pytest.raises(UserErrorException, match=r"a\.txt"):
        run.upload_file("a.txt", "made/deep/b.txt")

    run.download_file("a.txt")
    assert Path("a.txt").read_text() == "a"


def test_the_same_bytes_under_a_name_differ_and_do_nothing(run: Run) -> None:
    run.upload_file("a.txt", "made/a.txt")
    run.upload_file("a.txt", "made/a.txt")

    assert run.get_file_names() == ["a.txt"]


def test_files_are_uploaded_by_lists_of_one_length(run: Run) -> None:
    run.upload_files(["one", "two"], ["made/a.txt", "made/deep/b.txt"])

    assert sorted(run.get_file_names()) == ["one", "two"]
    with pytest.raises(TypeError):
        run.upload_files(["three", "four"], ["made/a.txt"])


def test_what_upload_files_returns_differs_and_is_a_list(run: Run) -> None:
    assert type(run.upload_files(["one"], ["made/a.txt"])) is list


def test_upload_files_gives_the_artifacts_on_request(run: Run) -> None:
    returned = run.upload_files(["one"], ["made/a.txt"], return_artifacts=True)

    assert isinstance(returned, tuple)
    assert list(returned[0]) == ["one"]


def test_a_file_uploaded_and_left_in_outputs_differs_and_is_no_conflict(
    experiment: Experiment, project: Project
) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run
        for name in ("same", "other"):
            open(f"outputs/{name}", "w").write("first")
            Run.get_context().upload_file(f"outputs/{name}", f"outputs/{name}")
        open("outputs/other", "w").write("second")
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()

    beside, *uploaded = [name for name in run.get_file_names() if "outputs/" in name]
    assert uploaded == ["outputs/other", "outputs/same"]
    assert f"kept as {beside}" in str(run.get_details()["warnings"])


def test_a_folder_is_uploaded_with_all_below_it_and_without_empty_folders(run: Run) -> None:
    run.upload_folder("kept", "made")

    assert sorted(run.get_file_names()) == ["kept/a.txt", "kept/deep/b.txt"]


def test_a_trailing_slash_differs_and_keeps_the_separator(run: Run) -> None:
    run.upload_folder("kept", "made/")

    assert sorted(run.get_file_names()) == ["kept/a.txt", "kept/deep/b.txt"]


def test_a_folder_that_is_none_is_refused(run: Run) -> None:
    for path in ("made/a.txt", "nowhere"):
        with pytest.raises(UserErrorException):
            run.upload_folder("kept", path)


@pytest.mark.parametrize("name", ["../a", "/a", "a//b", "a\0", "a\\b", ""])
def test_a_name_that_leaves_the_run_differs_and_is_refused(run: Run, name: str) -> None:
    with pytest.raises(UserErrorException):
        run.upload_file(name, "made/a.txt")

    assert run.get_file_names() == []


def test_a_run_without_files_has_no_names(run: Run) -> None:
    assert run.get_file_names() == []


def test_a_file_is_downloaded_under_its_last_name(run: Run, here: Path) -> None:
    run.upload_file("models/a.txt", "made/a.txt")

    assert run.download_file("models/a.txt") is None  # type: ignore[func-returns-value]

    assert (here / "a.txt").read_text() == "a"


def test_a_file_is_downloaded_into_a_directory_that_is_there(run: Run, here: Path) -> None:
    run.upload_file("models/a.txt", "made/a.txt")

    run.download_file("models/a.txt", "made/empty")

    assert (here / "made" / "empty" / "a.txt").read_text() == "a"


def test_a_download_makes_folders_and_replaces_what_is_there(run: Run, here: Path) -> None:
    run.upload_file("a.txt", "made/a.txt")

    run.download_file("a.txt", "new/folder/file")
    run.download_file("a.txt", "made/deep/b.txt")

    assert (here / "new" / "folder" / "file").read_text() == "a"
    assert (here / "made" / "deep" / "b.txt").read_text() == "a"


def test_a_file_that_is_missing_is_an_error_with_those_that_are_there(run: Run) -> None:
    run.upload_file("models/a.txt", "made/a.txt")

    with pytest.raises(UserErrorException, match=r"models/a\.txt"):
        run.download_file("models/b.txt")


def test_all_files_are_downloaded_below_the_working_directory(run: Run, here: Path) -> None:
    run.upload_folder("kept", "made")

    run.download_files()

    assert (here / "kept" / "deep" / "b.txt").read_text() == "b"


def test_files_are_downloaded_by_the_beginning_of_their_names(run: Run, here: Path) -> None:
    run.upload_folder("kept", "made")
    run.upload_file("other/a.txt", "made/a.txt")

    run.download_files(prefix="kept/deep", output_directory="got")

    assert [path.relative_to(here).as_posix() for path in (here / "got").rglob("*.txt")] == ["got/kept/deep/b.txt"]


def test_the_beginning_of_names_is_left_out_on_request(run: Run, here: Path) -> None:
    run.upload_folder("kept", "made")

    run.download_files(prefix="kept", output_directory="got", append_prefix=False)

    assert (here / "got" / "deep" / "b.txt").read_text() == "b"


def test_output_paths_of_another_number_are_ignored_with_a_warning(run: Run, here: Path) -> None:
    run.upload_folder("kept", "made")

    with pytest.warns(UserWarning, match="output_paths"):
        run.download_files(prefix="kept", output_paths=["one"])

    assert (here / "kept" / "a.txt").read_text() == "a"


def test_a_beginning_that_no_file_has_is_an_error(run: Run) -> None:
    with pytest.raises(UserErrorException):
        run.download_files(prefix="nothing")


def test_files_of_a_run_that_has_ended_differ_and_may_still_be_added(experiment: Experiment, here: Path) -> None:
    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    run.complete()

    run.upload_file("late.txt", "made/a.txt")

    assert Run.get(experiment.workspace, run.id).get_file_names() == ["late.txt"]


def test_datastores_batches_and_timeouts_differ_and_have_no_effect(run: Run, here: Path) -> None:
    run.upload_file("a.txt", "made/a.txt", datastore_name="mine")
    run.upload_files(["b.txt"], ["made/a.txt"], timeout_seconds=0, datastore_name="mine")
    run.upload_folder("kept", "made", datastore_name="mine")

    run.download_files(prefix="kept", batch_size=1, timeout_seconds=0)

    assert (here / "kept" / "deep" / "b.txt").read_text() == "b"
    assert run.get_file_names() == ["a.txt", "b.txt", "kept/a.txt", "kept/deep/b.txt"]


def test_a_snapshot_is_taken_once_and_its_id_is_a_property(run: Run, here: Path) -> None:
    identifier = run.take_snapshot("made")

    assert run.get_snapshot_id() == run.get_properties()["ContentSnapshotId"] == identifier


def test_a_snapshot_is_restored_as_a_zip_file_of_its_id(run: Run, here: Path) -> None:
    identifier = run.take_snapshot("made")

    assert run.restore_snapshot(path=str(here)) == str(here / f"{identifier}.zip")
