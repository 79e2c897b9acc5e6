"""What the README says of Azure ML: each difference has a test that shows it, each gap its line."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.surface.azure_surface import DATA, gap_groups, gaps

REPOSITORY = Path(__file__).parents[2]
CHAPTER = re.search(
    r"^## Coming from Azure ML\n(.*?)^## ", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.M | re.S
)
SHOWN_BY: dict[str, list[str]] = json.loads((DATA / "azure-ml-differences.json").read_text(encoding="utf-8"))


def section(title: str) -> str:
    assert CHAPTER is not None
    return CHAPTER[1].partition(f"### {title}\n")[2].partition("\n### ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a table of the README, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def names_of_tests(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_each_line_of_the_differences_names_the_tests_that_show_it() -> None:
    assert [row[0] for row in rows("Differences from Azure ML")] == list(SHOWN_BY)


@pytest.mark.parametrize("difference", SHOWN_BY)
def test_the_tests_that_show_a_difference_are_there(difference: str) -> None:
    assert SHOWN_BY[difference]
    for shown_by in SHOWN_BY[difference]:
        path, _, name = shown_by.partition("::")
        assert name in names_of_tests(REPOSITORY / path)


def test_each_test_of_a_difference_has_a_line() -> None:
    named = {test for tests in SHOWN_BY.values() for test in tests}
    found = {
        f"tests/surface/{path.name}::{name}"
        for path in Path(__file__).parent.glob("test_azure_behaviours_*.py")
        for name in names_of_tests(path)
        if re.search(r"_differs?_", name)
    }

    assert found <= named
    assert len(found) > 50


def test_each_gap_has_its_line() -> None:
    wanted: dict[tuple[str, str], list[str]] = {}
    for group in gap_groups():
        if group.get("what", "absent") == "absent":
            wanted.setdefault((group["reason"], group["instead"]), []).append(shown(group))

    assert rows("What is not there") == [[", ".join(names), *why] for why, names in wanted.items()]


def test_what_is_there_in_another_way_is_among_the_differences() -> None:
    for gap in gaps():
        if gap.what == "different":
            name = gap.owner if gap.name == "__init__" else gap.name
            assert re.search(rf"\b{name}\b", section("Differences from Azure ML"))


def shown(group: dict[str, Any]) -> str:
    """The names of a group as the README has them: the class once, then the names with a dot."""
    owner = {"_SubmittedRun": "Run", "exceptions": "", "hyperdrive": ""}.get(group["class"], group["class"])
    first, *others = group.get("names", [""])
    dot = "." if owner and first else ""
    return ", ".join([f"`{owner}{dot}{first}`", *(f"`{dot}{name}`" for name in others)])
