"""uv gets packages from where pip is set up to get them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from localexp.execution.environments import installers
from localexp.execution.environments.pip_settings import for_uv, of_environment, of_listing
from localexp.execution.environments.wanted import Wanted

WANTED = Wanted("id", sys.executable, ["tiny"])
LISTING = r"""
:env:.find-links='/wheels'
:env:.no-index='0'
global.extra-index-url='https://one.example/simple https://two.example/simple'
global.find-links='/elsewhere'
global.index-url='https://user:password@packages.example/simple'
install.trusted-host='\none.example\ntwo.example'
list.format='json'
"""


def test_the_settings_of_pip_are_options_and_variables_of_uv() -> None:
    handed_on = for_uv(of_listing(LISTING))

    assert handed_on is not None
    options, variables = handed_on
    assert variables == {
        "UV_DEFAULT_INDEX": "https://user:password@packages.example/simple",
        "UV_EXTRA_INDEX_URL": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/wheels",
    }
    assert options == ["--allow-insecure-host", "one.example", "--allow-insecure-host", "two.example"]


@pytest.mark.parametrize(
    ("variable", "value", "options"),
    [
        ("PIP_NO_INDEX", "1", ["--no-index"]),
        ("PIP_NO_INDEX", "false", []),
        ("PIP_CONSTRAINT", "a.txt b.txt", ["--constraint", "a.txt", "--constraint", "b.txt"]),
        ("PIP_PRE", "yes", ["--prerelease", "allow"]),
        ("PIP_NO_CACHE_DIR", "1", []),
        ("PIP_PLATFORM", "", []),
    ],
)
def test_where_there_is_no_pip_its_variables_are_what_is_asked(variable: str, value: str, options: list[str]) -> None:
    assert for_uv(of_environment({variable: value, "HOME": "/root"})) == (options, {})


def test_what_uv_has_no_word_for_is_left_to_pip() -> None:
    assert for_uv(of_environment({"PIP_PLATFORM": "linux"})) is None


@pytest.mark.skipif(os.name == "nt", reason="a program is what has a suffix there")
def test_pip_is_asked_how_it_is_set_up(tmp_path: Path) -> None:
    uv, settings = tmp_path / "uv", tmp_path / "pip.conf"
    uv.touch(0o755)
    settings.write_text("[global]\nindex-url = https://packages.example/simple\n[install]\npre = true\n")
    environment = {"PATH": str(tmp_path), "PIP_CONFIG_FILE": str(settings), "PIP_NO_INDEX": "1", "PYTHONPATH": "/a"}

    tool = installers.tool(WANTED, "/place", {**environment, "UV_DEFAULT_INDEX": "https://mine.example"})

    assert tool.making == [str(uv), "venv", "--no-project", "--python", sys.executable, "/place"]
    assert {"--no-index", "--prerelease"} < set(tool.installing)
    assert tool.variables["UV_DEFAULT_INDEX"] == "https://mine.example"
    assert "PYTHONPATH" not in tool.variables

    settings.write_text("[global]\nplatform = linux\n")
    assert installers.tool(WANTED, "/place", environment).making[0] == sys.executable


def test_options_among_requirements_that_uv_does_not_read_are_left_to_pip(tmp_path: Path) -> None:
    (tmp_path / "uv").touch(0o755)

    tool = installers.tool(Wanted("id", sys.executable, ["--pre", "tiny"]), "/place", {"PATH": str(tmp_path)})

    assert tool.making[0] == sys.executable
