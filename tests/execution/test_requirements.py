"""Requirements are read as pip reads them, made the same however they are written, and named by their content."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from localexp.errors import RunConfigurationException
from localexp.execution.environments import requirements
from tests.processes import Project


def lines_of(project: Project, text: str) -> list[str]:
    return requirements.of_file(project.write("requirements.txt", text))


def refusal(project: Project, line: str) -> str:
    with pytest.raises(RunConfigurationException) as caught:
        lines_of(project, line + "\n")
    return str(caught.value)


def test_comments_go_and_order_stays(project: Project) -> None:
    text = "\ufeff# all\nnumpy>=1.26  # arrays\n\n  torch==2.1 \\\n   --hash=sha256:abc\npandas#not-a-comment\r\n"

    assert lines_of(project, text) == ["numpy>=1.26", "torch==2.1    --hash=sha256:abc", "pandas#not-a-comment"]


def test_files_that_are_included_stand_in_their_place(project: Project) -> None:
    project.write("more/base.txt", "numpy\n-r deep.txt\n")
    project.write("more/deep.txt", "scipy\n")
    project.write("limits.txt", "numpy<2\nscipy\n--pre\n./kept.whl\n")
    project.write("kept.whl", "")

    found = lines_of(project, "a\n-r more/base.txt\n--requirement=more/deep.txt -c limits.txt\nz\n")

    kept = project.path / "kept.whl"
    assert found == ["a", "numpy", "scipy", "scipy", "-c numpy<2", "--pre", f"-c {kept}", "z"]
    assert requirements.checked(found, "/") == found
    assert requirements.constraints(found) == (
        ["a", "numpy", "scipy", "scipy", "--pre", "z"],
        ["numpy<2", str(kept)],
    )


def test_options_are_written_in_one_way(project: Project) -> None:
    project.write("wheels/x", "")
    text = "-i https://host/simple --extra-index-url=https://other/simple\n-fwheels\n--no-binary :all:\n--no-index\n"

    assert lines_of(project, text) == [
        "--index-url https://host/simple",
        "--extra-index-url https://other/simple",
        f"--find-links {project.path / 'wheels'}",
        "--no-binary :all:",
        "--no-index",
    ]
    assert not requirements.are_any(["--no-index", "-c numpy<2"])


def test_files_are_found_from_here_or_from_the_file_that_names_them(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project.write("my wheels/a.whl", "")
    uri = file.as_uri()

    assert lines_of(project, f"./my wheels/a.whl[x] ; python_version > '3'\na @ {uri}\n{uri}\n") == [
        f"{file}[x] ; python_version > '3'",
        f"a @ {uri}",
        str(file),
    ]
    monkeypatch.chdir(project.path / "my wheels")
    assert requirements.checked(["a.whl"], "/") == [str(file)]


@pytest.mark.parametrize(
    "line", ["-e .", "--editable=git+https://host/x", ".", ".[dev]", "./src", "pkg @ file:///tmp", "-e."]
)
def test_directories_are_refused_and_a_wheel_is_advised(project: Project, line: str) -> None:
    project.write("src/setup.py", "")

    assert "is a directory, whose content may change" in refusal(project, line)


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://me:hunter2@host/simple",
        "pkg @ https://hunter2@host/pkg.whl",
        "pkg @ git+ssh://git:hunter2@host/pkg",
        "-f https://host/?sig=hunter2",
        "https://host/pkg.whl?a=b&access_token=hunter2",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(project: Project, line: str) -> None:
    said = refusal(project, line)

    assert "in its URL, which would be kept with every run; write ${NAME}" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://${USER}:${TOKEN}@host/simple",
        "pkg @ git+ssh://git@host/pkg@v1",
        "pkg @ https://host/pkg.whl?token=${TOKEN}#sha256=abc",
    ],
)
def test_urls_without_credentials_stay_as_they_are(project: Project, line: str) -> None:
    assert lines_of(project, line) == [line]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-r requirements.txt", "includes itself"),
        ("-r nosuch.txt", "cannot be read: No such file"),
        ("-r https://host/x.txt", "are not a file here; download them"),
        ("./nosuch.whl", "is a file that is not there"),
        ("--target here", "has no meaning here; the options of requirements are"),
        ("-r", "has no meaning here"),
        ("-f 'open", "has a quote that is not closed"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(project: Project, line: str, said: str) -> None:
    assert said in refusal(project, line)


def test_a_file_that_is_no_text_is_refused(project: Project) -> None:
    (project.path / "binary.txt").write_bytes(b"\xff\xfe\0")

    with pytest.raises(RunConfigurationException, match="is not UTF-8"):
        requirements.of_file(project.path / "binary.txt")
    for line in ("a\0b", "half\ud800"):
        with pytest.raises(RunConfigurationException, match="is no line of text"):
            requirements.checked([line], "/")


def test_an_environment_is_named_by_all_that_its_content_depends_on(project: Project, tmp_path: Path) -> None:
    wheel = project.write("a.whl", "one")
    lines = ["numpy", str(wheel)]
    link = tmp_path / "python"
    os.symlink(sys.executable, link)
    first = requirements.wanted(sys.executable, lines)

    assert requirements.wanted(str(link), lines).id == first.id
    assert (first.interpreter, first.requirements) == (sys.executable, lines)
    others = {
        requirements.wanted(sys.executable, ["numpy"]).id,
        requirements.wanted(sys.executable, lines[::-1]).id,
        requirements.wanted(sys.executable, lines, "3.9.1").id,
        requirements.wanted("/bin/sh", lines, "3.9.1").id,
    }
    wheel.write_text("two")
    others.add(requirements.wanted(sys.executable, lines).id)
    assert first.id not in others
    assert len(others) == 5

    wheel.unlink()
    with pytest.raises(RunConfigurationException, match=r"a\.whl cannot be read"):
        requirements.wanted(sys.executable, lines)
