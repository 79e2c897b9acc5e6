"""What is no longer as it was when a run was submitted."""

from __future__ import annotations

from localexp.snapshot.sizes import named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Groups = Mapping[str, "dict[str, object] | str"]

_MOST_PACKAGES, _MOST_ADDED = 20, 5


def differences(recorded: Groups, now: Groups) -> list[str]:
    """Sentences that say what differs: Python, packages, platform and commit, as far as both are known."""
    return [
        *_of_each(recorded, now, "python", {"implementation": "the implementation of Python", "version": "Python"}),
        *_of_packages(_group(recorded, "packages"), _group(now, "packages")),
        *_of_each(recorded, now, "machine", {"platform": "the platform", "machine": "the kind of machine"}),
        *_of_each(recorded, now, "git", {"commit": "the commit of the source directory"}),
    ]


def warnings_of_rerun(origin: str, differences: list[str]) -> list[str]:
    """What a rerun of a run is to be warned of: the same words, whenever a difference is found."""
    return [f"differs from run {origin}: {text}" for text in differences]


def _of_each(recorded: Groups, now: Groups, group: str, names: dict[str, str]) -> Iterator[str]:
    was, is_now = _group(recorded, group), _group(now, group)
    for name, shown in names.items():
        if name in was and name in is_now and was[name] != is_now[name]:
            yield f"{shown} is {is_now[name]}, it was {was[name]}"


def _of_packages(was: dict[str, object], is_now: dict[str, object]) -> list[str]:
    if not was or not is_now:
        # The one or the other is an environment that is built for its runs.
        return []
    differing = [name for name in sorted(was) if was[name] != is_now.get(name)]
    found = [_of_package(name, was[name], is_now.get(name)) for name in differing[:_MOST_PACKAGES]]
    if len(differing) > _MOST_PACKAGES:
        found.append(f"and {len(differing) - _MOST_PACKAGES} more packages")
    return [*found, *_of_added([f"{name} {is_now[name]}" for name in sorted(is_now.keys() - was.keys())])]


def _of_added(packages: list[str]) -> list[str]:
    """In one sentence: what is there besides hardly ever has to do with what a script comes to."""
    if len(packages) == 1:
        return [f"{packages[0]} is installed, it was not"]
    said = f"{len(packages)} packages are installed that were not: {named(packages, _MOST_ADDED)}"
    return [said] if packages else []


def _of_package(name: str, was: object, is_now: object) -> str:
    if is_now is None:
        return f"{name} {was} is not installed any more"
    return f"{name} is {is_now}, it was {was}"


def _group(groups: Groups, name: str) -> dict[str, object]:
    found = groups.get(name)
    return found if isinstance(found, dict) else {}
