"""What all configurations have: they show what is set, and refuse what would have no effect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from localexp.advice import Advising, refuse_absent
from localexp.config.texts import shown
from localexp.errors import RunConfigurationException

# What Azure ML's configurations have and a local run has no use for: the values that change nothing, which are
# accepted, and what to do in place of another, which is refused. Nothing is accepted and then ignored.
_WITHOUT_EFFECT: dict[str, tuple[tuple[object, ...], str]] = {
    "framework": (("Python", "python", "PyTorch"), "a script is Python, whatever it imports; others are a command"),
    "node_count": ((1,), "a run is on this machine"),
    "output_collection": ((True,), "what the script writes is always kept; write to another folder what is not to be"),
    "distributed_job_config": ((None,), "give a PyTorchConfiguration or an MpiConfiguration"),
    "resume_from": ((None,), "give the script the path of what it is to resume from, as an argument"),
    "docker_runtime_config": ((None,), "nothing runs in a container; a command may call 'docker run'"),
    "_telemetry_values": ((None,), "nothing is reported to anybody"),
    "_history_enabled": ((None, True), "every run is kept; history.snapshot_project says whether its source is"),
}
# What has an effect, if only by these values.
_CHOICES: dict[str, tuple[tuple[object, ...], str]] = {
    "communicator": (
        ("None", None, "OpenMpi", "IntelMpi", "Nccl", "Gloo"),
        "processes meet by OpenMpi, IntelMpi, Nccl or Gloo; a command may start others",
    ),
}


def refuse_without_effect(**settings: object) -> None:
    for name, value in settings.items():
        accepted, instead = _WITHOUT_EFFECT[name] if name in _WITHOUT_EFFECT else _CHOICES[name]
        if not any(type(value) is type(one) and value == one for one in accepted):
            raise RunConfigurationException(f"{name} cannot be {value!r} here: {instead}")


class Shown(Advising):
    """Shows in one line what is set and could be another; of environment variables the names, as for what is kept."""

    def __repr__(self) -> str:
        hidden = {*_WITHOUT_EFFECT, *self._unused()}
        settings = {
            name: value for name, value in vars(self).items() if name not in hidden and not name.startswith("_")
        }
        shown = [_shown_setting(name, value) for name, value in settings.items() if not _is_nothing(value)]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _unused(self) -> Iterable[str]:
        """Settings that have no effect as others are now."""
        return ()


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def _shown_setting(name: str, value: object) -> str:
    if name == "environment_variables":
        value = list(value) if isinstance(value, Mapping) else type(value)
    return f"{name}={value!r}"


class Checked(Shown):
    """Refuses attributes that it does not have: a misspelt setting is an error, not a setting without effect.

    What has settings of its own is of the type that ``_sections`` says.
    """

    _sections: Mapping[str, type] = MappingProxyType({})

    def __setattr__(self, name: str, value: object) -> None:
        if name in _WITHOUT_EFFECT or name in _CHOICES:
            refuse_without_effect(**{name: value})
        kind = self._sections.get(name)
        if kind is not None and not isinstance(value, kind):
            raise RunConfigurationException(f"{name} is {shown(value)}; give an object of {kind.__name__}")
        if name.startswith("_") or name in self._settings():
            object.__setattr__(self, name, value)
            return
        refuse_absent(type(self), name, repr(type(self).__name__))
        raise AttributeError(
            f"{type(self).__name__} has no setting {name!r}; it has {', '.join(sorted(self._settings()))}"
        )

    def _settings(self) -> set[str]:
        kinds = [vars(kind) for kind in type(self).__mro__]
        fields = {name for kind in kinds for name in kind.get("__annotations__", ()) if not name.startswith("_")}
        return fields | {name for kind in kinds for name, value in kind.items() if isinstance(value, property)}


def refuse_keywords(configuration: object, keywords: dict[str, object]) -> None:
    if keywords:
        raise RunConfigurationException(
            f"{type(configuration).__name__} has no parameter {next(iter(keywords))!r}; set its attributes"
        )
