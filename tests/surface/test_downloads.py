"""Files of a run as copies elsewhere."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from localexp import Experiment, Run
from localexp.errors import StoreError, UserErrorException
from tests.processes import Project, wait_until

FILES = {"outputs/a": b"1", "outputs/sub/b": b"2", "outputs2/c": b"3", "top": b"4"}


@pytest.fixture
def run(experiment: Experiment) -> Run:
    """A run with files."""
    run = experiment.start_logging(snapshot_directory=None)
    run.upload_files(list(FILES), [io.BytesIO(data) for data in FILES.values()])
    run.complete()
    return run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_file_goes_to_the_working_directory_under_the_last_part_of_its_name(run: Run, here: Path) -> None:
    run.download_file("outputs/sub/b")
    run.download_file("./outputs/a")

    assert contents(here) == {"b": b"2", "a": b"1"}


@pytest.mark.parametrize(
    ("target", "path"), [("there", "there/b"), ("new/", "new/b"), ("new", "new"), ("new/deep/x", "new/deep/x")]
)
def test_a_file_goes_into_a_directory_or_to_a_path(run: Run, here: Path, target: str, path: str) -> None:
    (here / "there").mkdir()

    run.download_file("outputs/sub/b", target)

    assert contents(here) == {path: b"2"}


def test_what_was_there_is_replaced(run: Run, here: Path) -> None:
    (here / "a").write_bytes(b"old")

    run.download_file("outputs/a", here / "a")

    assert contents(here) == {"a": b"1"}


def test_a_name_that_the_run_does_not_have_is_an_error_that_lists_those_that_it_has(run: Run, here: Path) -> None:
    for name in ("outputs", "outputs/", "../localexp.db", "outputs/../outputs/a", "/etc/passwd", ""):
        with pytest.raises(UserErrorException, match=r"outputs/a, outputs/sub/b, outputs2/c, top"):
            run.download_file(name)

    assert contents(here) == {}


def test_where_nothing_can_be_written_is_an_error_and_leaves_nothing(run: Run, here: Path) -> None:
    (here / "file").write_bytes(b"mine")
    (here / "folder" / "a").mkdir(parents=True)

    for target in ("file/below", "folder"):
        with pytest.raises(UserErrorException, match="cannot write"):
            run.download_file("outputs/a", target)

    assert contents(here) == {"file": b"mine"}


def test_a_checksum_is_validated_on_request(run: Run, here: Path) -> None:
    run.download_file("outputs/a", _validate_checksum=True)
    Path(run._layout.artifact("outputs/a")).write_bytes(b"9")

    with pytest.raises(StoreError, match="is damaged"):
        run.download_file("outputs/a", _validate_checksum=True)
    assert contents(here) == {"a": b"1"}

    run.download_file("outputs/a")
    assert contents(here) == {"a": b"9"}


def test_a_file_that_somebody_has_deleted_is_said_to_be_unreadable(run: Run, here: Path) -> None:
    os.unlink(run._layout.artifact("top"))

    with pytest.raises(UserErrorException, match=r"'top' of run .* cannot be read"):
        run.download_file("top")

    assert contents(here) == {}


def test_all_files_go_to_their_names_below_the_working_directory(run: Run, here: Path) -> None:
    run.download_files()

    assert contents(here) == FILES


def test_a_prefix_is_a_text_that_names_begin_with(run: Run, here: Path) -> None:
    run.download_files("outputs")
    run.download_files("./outputs/su", output_directory=here / "below")

    assert contents(here) == {
        **{name: data for name, data in FILES.items() if name != "top"},
        "below/outputs/sub/b": b"2",
    }


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("outputs/", ["a", "sub/b"]),
        ("outputs/sub", ["b"]),
        ("outputs/sub/b", ["b"]),
        ("outputs/su", ["sub/b"]),
        ("outputs", ["outputs/a", "outputs/sub/b", "outputs2/c"]),
        ("top", ["top"]),
        (None, list(FILES)),
    ],
)
def test_without_the_prefix_the_folders_that_it_stands_for_are_left_out(
    run: Run, here: Path, prefix: str | None, names: list[str]
) -> None:
    run.download_files(prefix, output_directory="x", append_prefix=False)

    assert sorted(contents(here)) == sorted(f"x/{name}" for name in names)


def test_the_prefix_stays_without_an_output_directory(run: Run, here: Path) -> None:
    run.download_files("outputs/", append_prefix=False)

    assert sorted(contents(here)) == ["outputs/a", "outputs/sub/b"]


def test_output_paths_say_where_each_file_goes(run: Run, here: Path) -> None:
    run.download_files("outputs/", output_directory="x", output_paths=["one", Path("two/b")], append_prefix=False)

    assert contents(here) == {"x/one": b"1", "x/two/b": b"2"}


@pytest.mark.parametrize("paths", [["one"], ["one", "two", "three"], ["one", "one"], ["one", "./one"]])
def test_output_paths_that_are_not_one_for_each_file_are_ignored_with_a_warning(
    run: Run, here: Path, paths: list[str]
) -> None:
    with pytest.warns(UserWarning, match="output_paths") as warned:
        run.download_files("outputs/", output_paths=paths)

    assert warned[0].filename == __file__
    assert sorted(contents(here)) == ["outputs/a", "outputs/sub/b"]


def test_a_prefix_that_no_name_has_is_an_error(run: Run, here: Path) -> None:
    with pytest.raises(UserErrorException, match=r"begin with 'nothing'; it has: outputs/a"):
        run.download_files("nothing")

    assert contents(here) == {}


def test_a_run_without_files_downloads_none(experiment: Experiment, here: Path) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        run.download_files()

    assert run.get_file_names() == []
    assert contents(here) == {}


def test_files_of_a_running_script_can_be_downloaded(experiment: Experiment, project: Project, here: Path) -> None:
    project.write(
        "train.py",
        """
        import os, sys, time
        from localexp import Run
        open("outputs/live", "w").write("as it is by now")
        open("outputs/uploaded", "w").write("first")
        Run.get_context().upload_file("outputs/uploaded", "outputs/uploaded")
        open("outputs/uploaded", "w").write("second")
        open("outputs/ready", "w").close()
        while os.path.exists(sys.argv[1]):
            time.sleep(0.01)
        """,
    )
    going_on = here.parent / "going-on"
    going_on.touch()
    run = experiment.submit(project.config(arguments=[str(going_on)]))
    wait_until(lambda: "outputs/ready" in run.get_file_names(), "the script has written")

    run.download_files("outputs/")

    assert contents(here / "outputs") == {"live": b"as it is by now", "uploaded": b"first", "ready": b""}
    going_on.unlink()
    run.wait_for_completion()
