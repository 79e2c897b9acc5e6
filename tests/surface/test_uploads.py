"""Files that a caller gives to a run."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import UserErrorException
from tests.processes import output, python


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


def bytes_of(run: Run, name: str, folder: Path) -> bytes:
    run.download_file(name, folder / "downloaded")
    return (folder / "downloaded").read_bytes()


def left_aside(run: Run) -> list[str]:
    return [name for name in os.listdir(run._layout.folder) if name not in ("artifacts", "journal")]


def test_an_uploaded_file_is_a_copy_with_its_name_size_and_hash(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "model.bin"
    source.write_bytes(b"weights")

    result = run.upload_file("outputs/model.bin", str(source))
    source.write_bytes(b"changed")

    assert list(result.artifacts) == ["outputs/model.bin"]
    assert run.get_file_names() == ["outputs/model.bin"]
    assert bytes_of(run, "outputs/model.bin", tmp_path) == b"weights"
    run.download_file("outputs/model.bin", tmp_path / "checked", _validate_checksum=True)
    assert left_aside(run) == []


def test_the_artifact_that_comes_back_tells_of_the_file(run: Run) -> None:
    artifact = run.upload_file("outputs/sub/a.txt", io.BytesIO(b"data")).artifacts["outputs/sub/a.txt"]

    assert (artifact.name, artifact.path, artifact.filename) == ("outputs/sub/a.txt", "outputs/sub/a.txt", "a.txt")
    assert artifact.data == b"data"
    assert Path(artifact).read_bytes() == b"data"
    assert artifact.data_location == f"aml://artifactId/ExperimentRun/dcid.{run.id}/outputs/sub/a.txt"
    os.unlink(artifact)
    with pytest.raises(UserErrorException, match=r"outputs/sub/a\.txt"):
        _ = artifact.data


def test_a_pathlib_path_is_taken(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")

    run.upload_file("a", tmp_path / "a")

    assert run.get_file_names() == ["a"]


def test_the_same_bytes_under_the_same_name_once_more_are_fine(run: Run) -> None:
    run.upload_file("a", io.BytesIO(b"same"))
    run.upload_file("a", io.BytesIO(b"same"))
    run.upload_file("./a", io.BytesIO(b"same"))

    assert run.get_file_names() == ["a"]
    assert left_aside(run) == []


@pytest.mark.parametrize("other", [b"else", b"longer than the first", b""])
def test_other_bytes_under_the_same_name_are_an_error_that_says_what_to_do(
    run: Run, tmp_path: Path, other: bytes
) -> None:
    run.upload_file("a", io.BytesIO(b"same"))

    with pytest.raises(UserErrorException, match=r"'a' already, with other bytes, .* choose another name"):
        run.upload_file("a", io.BytesIO(other))

    assert bytes_of(run, "a", tmp_path) == b"same"
    assert left_aside(run) == []


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a"), ("a", "a/b/c")])
def test_a_file_cannot_be_a_folder_too(run: Run, first: str, second: str) -> None:
    run.upload_file(first, io.BytesIO(b"1"))

    with pytest.raises(UserErrorException, match="choose"):
        run.upload_file(second, io.BytesIO(b"2"))

    assert run.get_file_names() == [first]


@pytest.mark.parametrize(
    ("stream", "kept"),
    [
        (io.BytesIO(b"\x00\xff"), b"\x00\xff"),
        (io.StringIO("café\n"), "café\n".encode()),
        (io.BytesIO(b""), b""),
        (io.BytesIO(b"x" * (2**21 + 1)), b"x" * (2**21 + 1)),
        (io.StringIO("é" * (2**20 + 1)), ("é" * (2**20 + 1)).encode()),
    ],
    ids=["binary", "text", "empty", "large", "large text"],
)
def test_a_stream_is_kept_whole_and_text_as_utf_8(run: Run, tmp_path: Path, stream: io.IOBase, kept: bytes) -> None:
    run.upload_file("stream", stream)  # type: ignore[arg-type]

    assert bytes_of(run, "stream", tmp_path) == kept


def test_a_stream_is_read_from_where_it_stands_and_stays_open(run: Run, tmp_path: Path) -> None:
    with tempfile.NamedTemporaryFile() as stream:
        stream.write(b"head rest")
        stream.seek(5)
        run.upload_file("rest", stream)
        assert not stream.closed

    assert bytes_of(run, "rest", tmp_path) == b"rest"


class Unwilling:
    """A stream that fails in the middle, or gives what is no bytes."""

    def __init__(self, *pieces: object) -> None:
        self.pieces = list(pieces)

    def read(self, size: int) -> object:
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece


def closed() -> io.BytesIO:
    stream = io.BytesIO(b"")
    stream.close()
    return stream


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (closed(), "is closed"),
        (Unwilling(b"some", OSError("the line is dead")), "the line is dead"),
        (Unwilling(b"some", None), "neither bytes nor text"),
        (Unwilling(b"some", "\ud800"), "cannot be read"),
        (b"/etc/hostname", "neither a path nor a stream"),
        (None, "neither a path nor a stream"),
        (7, "neither a path nor a stream"),
        ("nowhere/to/be found", "No such file"),
        ("nul\0", "cannot be read"),
        (os.curdir, "upload_folder"),
        (os.devnull, "no ordinary file"),
    ],
)
def test_what_cannot_be_read_is_refused_and_leaves_nothing(run: Run, source: object, complaint: str) -> None:
    run.log("loss", 1)

    with pytest.raises(UserErrorException, match=complaint):
        run.upload_file("a", source)  # type: ignore[arg-type]

    assert run.get_file_names() == []
    assert left_aside(run) == []
    run.upload_file("a", io.BytesIO(b"better"))


def test_a_stream_that_is_open_for_writing_only_is_refused(run: Run, tmp_path: Path) -> None:
    with (
        (tmp_path / "a").open("wb") as stream,
        pytest.raises(UserErrorException, match="writing only; open it for reading"),
    ):
        run.upload_file("a", stream)


def test_an_error_of_the_callers_own_stream_passes_and_leaves_nothing(run: Run) -> None:
    with pytest.raises(ZeroDivisionError):
        run.upload_file("a", Unwilling(b"some", ZeroDivisionError()))  # type: ignore[arg-type]

    assert run.get_file_names() == []
    assert left_aside(run) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_a_fifo_is_refused_and_not_waited_for(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(UserErrorException, match="no ordinary file"):
        run.upload_file("a", tmp_path / "fifo")


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../a", "a/../b", "/a", "//a", "a//b", "a/", "a/.", "a\\b", "c:a", "c:/a", "\\\\host\\a"),
        *("nul\0", "line\nbreak", "bell\x07", "del\x7f", "\ud800", None, 7, Path("a")),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_before_anything_is_made(run: Run, name: str) -> None:
    with pytest.raises(UserErrorException, match="file of a run"):
        run.upload_file(name, io.BytesIO(b"1"))

    assert not os.path.exists(run._layout.folder)


def test_a_name_longer_than_the_file_system_has_is_refused(run: Run) -> None:
    with pytest.raises(UserErrorException, match="too long"):
        run.upload_file("x" * 300, io.BytesIO(b"1"))

    assert run.get_file_names() == []
    assert left_aside(run) == []


@pytest.mark.parametrize("name", ["a b", "-rf", "naïve.txt", "...", "a/..b", "~", "a/x"])
def test_odd_names_are_kept_as_they_are(run: Run, tmp_path: Path, name: str) -> None:
    run.upload_file(name, io.BytesIO(b"1"))

    assert run.get_file_names() == [name]
    assert bytes_of(run, name, tmp_path) == b"1"


def test_the_end_of_a_run_does_not_forbid_uploads(workspace: Workspace, run: Run, tmp_path: Path) -> None:
    run.complete()
    assert not os.path.exists(run._layout.folder)

    run.upload_file("late", io.BytesIO(b"1"))
    Run.get(workspace, run.id).upload_file("later", io.BytesIO(b"2"))

    assert run.get_file_names() == ["late", "later"]
    assert bytes_of(run, "later", tmp_path) == b"2"
    assert not os.path.exists(run._layout.journals)


def test_an_object_that_is_attached_uploads_to_a_run_that_goes_on(workspace: Workspace, run: Run) -> None:
    code = "import sys, io, localexp; w, i = sys.argv[1:]; r = localexp.Run.get(localexp.Workspace(w), i)"

    output(python(f"{code}; r.upload_file('there', io.BytesIO(b'1'))", workspace.path, run.id))
    Run.get(workspace, run.id).upload_file("here", io.BytesIO(b"2"))

    assert run.get_file_names() == ["here", "there"]
    run.complete()
    assert "warnings" not in run.get_details()


def test_a_forked_child_uploads_to_the_run_of_its_parent(workspace: Workspace) -> None:
    run_id = output(
        python(
            """
            import io, os, sys
            from localexp import Experiment, Workspace
            run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
            child = os.fork()
            run.upload_file("child" if child == 0 else "parent", io.BytesIO(b"1"))
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
            run.complete()
            sys.stdout.write(run.id)
            """,
            workspace.path,
        )
    )

    assert Run.get(workspace, run_id).get_file_names() == ["child", "parent"]


def test_several_files_are_uploaded_under_names_of_their_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")

    listed = run.upload_files(["a/x", "a/y"], [str(tmp_path / "x"), io.BytesIO(b"y")])

    assert isinstance(listed, list)
    assert [artifact.name for artifact in listed] == ["a/x", "a/y"]
    assert run.get_file_names() == ["a/x", "a/y"]


def test_artifacts_come_by_name_on_request(run: Run) -> None:
    artifacts, listed = run.upload_files(["./a", "b"], [io.BytesIO(b"a"), io.BytesIO(b"b")], return_artifacts=True)

    assert artifacts == {"a": listed[0], "b": listed[1]}  # type: ignore[index]


def test_as_many_paths_as_names_are_needed(run: Run) -> None:
    with pytest.raises(TypeError, match="2 names and 1 paths"):
        run.upload_files(["a", "b"], [io.BytesIO(b"a")])


def test_all_names_and_paths_are_looked_at_before_the_first_byte_is_stored(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")

    with pytest.raises(UserErrorException):
        run.upload_files(["a", "../b"], [tmp_path / "a", tmp_path / "a"])
    with pytest.raises(UserErrorException):
        run.upload_files(["a", "b"], [tmp_path / "a", tmp_path / "b"])

    assert run.get_file_names() == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file, a file further down, and nothing in one place."""
    folder = tmp_path / "folder"
    (folder / "sub" / "empty").mkdir(parents=True)
    (folder / "top").write_bytes(b"top")
    (folder / "sub" / "deep").write_bytes(b"deep")
    return folder


@pytest.mark.parametrize("ending", ["", "/", "//"])
@pytest.mark.parametrize("name", ["outputs", "outputs/", "./outputs"])
def test_a_folder_is_uploaded_whole_with_or_without_a_slash_at_its_end(
    run: Run, folder: Path, ending: str, name: str
) -> None:
    result = run.upload_folder(name, f"{folder}{ending}")

    assert list(result.artifacts) == ["outputs/sub/deep", "outputs/top"]
    assert run.get_file_names() == ["outputs/sub/deep", "outputs/top"]
    assert result.artifacts["outputs/sub/deep"].data == b"deep"


@pytest.mark.parametrize("name", [".", ""])
def test_a_folder_may_become_the_top(run: Run, folder: Path, name: str) -> None:
    run.upload_folder(name, folder)

    assert run.get_file_names() == ["sub/deep", "top"]


def test_the_current_directory_leaves_the_workspace_out(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)

    run.upload_folder("all", ".")

    assert run.get_file_names() == ["all/folder/sub/deep", "all/folder/top"]


def test_names_are_checked_before_the_first_byte_is_stored(run: Run, folder: Path) -> None:
    (folder / "zz\n").write_bytes(b"")

    with pytest.raises(UserErrorException, match="file of a run"):
        run.upload_folder("outputs", folder)

    assert run.get_file_names() == []


def test_links_to_files_are_followed_and_those_to_folders_left_out(run: Run, folder: Path) -> None:
    (folder / "link").symlink_to("top")
    (folder / "around").symlink_to(".", target_is_directory=True)

    run.upload_folder("outputs", folder)

    assert run.get_file_names() == ["outputs/link", "outputs/sub/deep", "outputs/top"]
    (folder / "broken").symlink_to("nowhere")
    with pytest.raises(UserErrorException, match="broken"):
        run.upload_folder("again", folder)


@pytest.mark.parametrize(("path", "complaint"), [("nowhere", "does not exist"), ("folder/top", "is not a folder")])
def test_what_is_no_folder_is_refused(run: Run, folder: Path, path: str, complaint: str) -> None:
    with pytest.raises(UserErrorException, match=complaint):
        run.upload_folder("outputs", folder.parent / path)


def test_datastore_name_and_timeouts_have_no_effect(run: Run, folder: Path) -> None:
    run.upload_file("a", folder / "top", datastore_name="blobs")
    run.upload_files(["b"], [folder / "top"], timeout_seconds=1, datastore_name="blobs")
    run.upload_folder("c", folder, "blobs")

    assert run.get_file_names() == ["a", "b", "c/sub/deep", "c/top"]


def test_a_text_in_place_of_a_list_of_files_is_refused(run: Run) -> None:
    with pytest.raises(UserErrorException, match="takes lists of names and paths, not 'abc'; upload_file one"):
        run.upload_files("abc", "abc")
    with pytest.raises(UserErrorException, match="not 'abc'"):
        run.upload_files(["a", "b", "c"], "abc")
