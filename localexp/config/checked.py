"""What all configurations have: they show what is set, and refuse what would have no effect."""

from __future__ import annotations

from collections.abc import Mapping

from localexp.advice import Advising, refuse_absent
from localexp.errors import RunConfigurationException

# What Azure ML's configurations have and a local run has no use for: the values that change nothing, which are
# accepted, and what to do in place of another, which is refused. Nothing is accepted and then ignored.
_WITHOUT_EFFECT: dict[str, tuple[tuple[object, ...], str]] = {
    "framework": (("Python", "python"), "a Python script runs whatever it imports, other programs as a command"),
    "communicator": (("None", None), "a run is one process; a command may start more, as torchrun does"),
    "node_count": ((1,), "a run is on this machine"),
    "conda_dependencies": ((None,), "packages are those of environment.python.interpreter_path; install them there"),
    "user_managed_dependencies": ((True,), "no environments are built: packages are those that the interpreter has"),
    "output_collection": ((True,), "what the script writes is always kept; write to another folder what is not to be"),
    "distributed_job_config": ((None,), "a run is one process; a command may start more, as torchrun does"),
    "resume_from": ((None,), "give the script the path of what it is to resume from, as an argument"),
    "docker_runtime_config": ((None,), "nothing runs in a container; a command may call 'docker run'"),
    "_telemetry_values": ((None,), "nothing is reported to anybody"),
    "_history_enabled": ((None, True), "every run is kept; history.snapshot_project says whether its source is"),
    "_path": ((None,), "configurations are not kept in files"),
    "_name": ((None,), "configurations are not kept in files"),
}


def refuse_without_effect(**settings: object) -> None:
    for name, value in settings.items():
        accepted, instead = _WITHOUT_EFFECT[name]
        if not any(type(value) is type(one) and value == one for one in accepted):
            raise RunConfigurationException(f"{name} cannot be {value!r} here: {instead}")


class Shown(Advising):
    """Shows in one line what is set and could be another; of environment variables the names, as for what is kept."""

    def __repr__(self) -> str:
        settings = {name: value for name, value in vars(self).items() if name not in _WITHOUT_EFFECT}
        shown = [_shown_setting(name, value) for name, value in settings.items() if not _is_nothing(value)]
        return f"{type(self).__name__}({', '.join(shown)})"


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def _shown_setting(name: str, value: object) -> str:
    if name == "environment_variables":
        value = list(value) if isinstance(value, Mapping) else type(value)
    return f"{name}={value!r}"


class Checked(Shown):
    """Refuses attributes that it does not have: a misspelt setting is an error, not a setting without effect."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _WITHOUT_EFFECT:
            refuse_without_effect(**{name: value})
        if name.startswith("_") or name in self._settings():
            object.__setattr__(self, name, value)
            return
        refuse_absent(type(self), name, repr(type(self).__name__))
        raise AttributeError(
            f"{type(self).__name__} has no setting {name!r}; it has {', '.join(sorted(self._settings()))}"
        )

    def _settings(self) -> set[str]:
        return {name for kind in type(self).__mro__ for name in vars(kind).get("__annotations__", ())}


def refuse_keywords(configuration: object, keywords: dict[str, object]) -> None:
    if keywords:
        raise RunConfigurationException(
            f"{type(configuration).__name__} has no parameter {next(iter(keywords))!r}; set its attributes"
        )
