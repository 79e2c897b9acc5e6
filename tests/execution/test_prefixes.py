"""What is left of the names of files without the folders that a prefix stands for."""

from __future__ import annotations

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from localexp.errors import UserErrorException
from localexp.execution.files import without_prefix
from localexp.store.artifacts import checked_name

NAMES = st.lists(st.text("ab.", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


def is_name(text: str) -> bool:
    try:
        return checked_name(text) == text
    except UserErrorException:
        return False


@settings(max_examples=50)
@given(st.sets(NAMES.filter(is_name), min_size=1), st.text("ab./", max_size=6))
@example({"a/b/c", "a2/c"}, "a")
@example({"a/a2/c", "a2/c"}, "a")
@example({"a"}, "a")
def test_they_stay_different_and_below_the_folder(names: set[str], prefix: str) -> None:
    listed = sorted(name for name in names if name.startswith(prefix))
    assume(listed)

    left = without_prefix(listed, prefix)

    assert all(is_name(name) for name in left)
    assert len(set(left)) == len(listed)
    assert all(name.endswith(short) for name, short in zip(listed, left, strict=True))
