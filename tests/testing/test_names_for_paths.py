"""What is told of paths where pages and JSON are to be the same on every machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.request import url2pathname

import pytest

from localexp import Experiment, Workspace
from localexp.store import determinism, telling
from localexp.testing import deterministic
from tests.processes import output, python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_paths_of_a_block_outside_pytest_are_told_by_names(tmp_path: Path) -> None:
    child = python(
        """
        import os, sys, tempfile
        from localexp import Experiment, Run, Workspace
        from localexp.store import telling
        from localexp.testing import deterministic
        os.chdir(sys.argv[1])
        with deterministic():
            folder = tempfile.mkdtemp(prefix="localexp-")
            run = Experiment(Workspace(folder), "digits").start_logging(snapshot_directory=None)
            here = os.getcwd()
            run.set_tags({"1": folder, "2": here})
            run.set_tags({"3": here + "/a.csv", "4": f"-I{here}/a", "5": "/srv/tmp", "6": "/tmp/a"})
            run.complete()
            print(*(tag[1] for tag in telling.all_told(sorted(run.get_tags().items()))))
            page = open(run.get_portal_url().removeprefix("file://")).read()
            assert "{root}/a.csv" in page and here not in page and folder not in page
            print(Run.get_context().id, Run.get_context().child_run().id)
        """,
        tmp_path,
    )
    first = "OfflineRun_00000000-0000-4000-8000-000000000001"
    second = "OfflineRun_00000000-0000-4000-8000-000000000002.00000000-0000-4000-8000-000000000003"
    assert output(child).splitlines() == [
        "{tmp}/localexp-{random} {root} {root}/a.csv -I{root}/a /srv/tmp {tmp}/a",
        f"{first} {second}",
    ]


FOLDERS = [("/srv/project", "{root}"), ("/tmp", "{tmp}"), ("/code", "{code}"), ("/srv/ä &", "{odd}"), ("/", "{all}")]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What is told of a text where some folders have names."""

    def of(text: str) -> str:
        with deterministic():
            monkeypatch.setattr(determinism, "folders", "\n".join(f"{name}={path}" for path, name in FOLDERS))
            return telling.told(text)

    return of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/tmp /tmp/a,/tmp. /tmpfoo /tmp-2 /tmp.d /srv/tmp", "{tmp} {tmp}/a,{tmp}. /tmpfoo /tmp-2 /tmp.d /srv/tmp"),
        ("-I/srv/project -I/tmp --a=/tmp:/srv/project/b", "-I{root} -I{tmp} --a={tmp}:{root}/b"),
        # Within another path it is a folder of that.
        ("outputs/srv/project/a /mnt/srv/project", "outputs/srv/project/a /mnt/srv/project"),
        ("/srv/project/tmp/a", "{root}/tmp/a"),
        ("file:///srv/project/a file:///srv/%C3%A4%20%26/a", "file://{root}/a file://{odd}/a"),
        (r'["/srv/\u00e4 &/a"]', '["{odd}/a"]'),
        ("a / b", "a / b"),
    ],
)
def test_names_stand_for_whole_paths(told: Callable[[str], str], text: str, expected: str) -> None:
    assert told(text) == expected
    assert told(expected) == expected


def test_only_a_python_of_this_folder_is_told_as_this_one(told: Callable[[str], str], tmp_path: Path) -> None:
    folder, name = os.path.split(sys.executable)
    (tmp_path / "link").symlink_to(folder)
    inside = f"{folder}/../{os.path.basename(folder)}"
    version = f"python3.{sys.version_info.minor}"
    for path in (
        sys.executable,
        f"{folder}/python",
        f"{folder}/{version}",
        f"{inside}/{name}",
        f"{tmp_path}/link/{name}",
    ):
        assert told(path) == "{python}"
    assert told(f"{folder}/python -m pytest") == "{python} -m pytest"
    for path in (f"/nowhere/{name}", f"{tmp_path}/link/pytest", f"a/{name}", "/\0/python", "/\ud800/python3"):
        assert "{python}" not in told(path)


@pytest.mark.parametrize("home", ["", "/", ".", "~"])
def test_a_home_or_an_interpreter_that_is_none_has_no_name(
    told: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("HOME", home)
    monkeypatch.setattr("sys.executable", None)
    monkeypatch.chdir("/etc")
    text = f"~/a {os.getcwd()}/a / /a"
    assert told(text) == text


def test_a_home_of_a_test_has_a_name(told: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    for home in ("/srv/one", "/srv/other"):
        monkeypatch.setenv("HOME", home)
        assert told(f"{home}/a") == "{home}/a"


def test_a_page_has_whole_elements_and_links_that_lead_to_the_files(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deterministic():
        run = Experiment(workspace, "digits").start_logging(snapshot_directory=None)
        run.upload_file("copies/of/somebody/a.txt", __file__)
        run.tag("from", "/table/<&>, /of/somebody/<&>")
        run.complete()
        pages = list[str]()
        for home in ("/table", "/of/somebody"):
            monkeypatch.setenv("HOME", home)
            pages.append(Path(url2pathname(run.get_portal_url().removeprefix("file://"))).read_text())
    assert "{home}/&lt;&amp;&gt;, /of/somebody/" in pages[0]
    assert pages[0].count("<table>") == pages[0].count("</table>")
    assert "/table/&lt;&amp;&gt;, {home}/" in pages[1]
    assert 'href="artifacts/copies/of/somebody/a.txt"' in pages[1]
