"""What Azure ML's classes offer, and in what one of ours differs."""

from __future__ import annotations

import ast
import inspect
import json
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"
ABSENT = object()

# Defaults that Azure ML's signatures name instead of writing them out.
_CONSTANTS = {
    "ViewType.ActiveOnly": "ActiveOnly",
    "MAX_DURATION_SECONDS_DEFAULT": 2592000,
    "PYTHON_DEFAULT_VERSION": "a version of Python",
    "CPU": "cpu",
}

# A static method that gives objects of its class may know which class it is called on.
_TAKING_THE_CALLS_OF = {"static": {"static", "classmethod"}}


@dataclass(frozen=True)
class Member:
    """One name of an Azure ML class: a method, static, classmethod, property, field or constant."""

    name: str
    kind: str
    signature: Signature | None = None
    settable: bool = False
    value: object = ABSENT


@dataclass(frozen=True)
class Gap:
    """What we do not have, or have in another way, on purpose. ``what`` is "absent" or "different"."""

    owner: str
    name: str
    what: str
    reason: str
    instead: str


@cache
def surface() -> dict[str, Any]:
    """The facts as they are in the file."""
    facts: dict[str, Any] = json.loads((DATA / "azure-ml-v1-signatures.json").read_text(encoding="utf-8"))
    return facts


@cache
def members(owner: str) -> dict[str, Member]:
    """The names of one of Azure ML's classes."""
    return {name: member(name, fact) for name, fact in surface()["classes"][owner].items()}


def member(name: str, fact: dict[str, Any]) -> Member:
    """One name, from its facts."""
    if fact["kind"] in ("field", "constant"):
        return Member(name, fact["kind"], value=_literal(fact["value"]), settable=fact["kind"] == "field")
    signature = parsed(fact.get("effective", fact["signature"]))
    return Member(name, fact["kind"], _without_first(signature, fact["kind"]), fact.get("settable", False))


def gap_groups() -> list[dict[str, Any]]:
    """The gaps as they are in the file: names that share a reason stand together."""
    groups: list[dict[str, Any]] = json.loads((DATA / "azure-ml-gaps.json").read_text(encoding="utf-8"))
    return groups


def gaps() -> list[Gap]:
    """The gaps, one a name; the name of a class that is missing as a whole is empty."""
    return [
        Gap(group["class"], name, group.get("what", "absent"), group["reason"], group["instead"])
        for group in gap_groups()
        for name in group.get("names", [""])
    ]


def parsed(text: str) -> Signature:
    """A signature that is written as in a ``def``."""
    [function] = ast.parse(f"def f{text}: ...").body
    assert isinstance(function, ast.FunctionDef)
    listed = function.args
    plain = [*listed.posonlyargs, *listed.args]
    defaults = [ABSENT] * (len(plain) - len(listed.defaults)) + [_value(node) for node in listed.defaults]
    parameters = [
        _parameter(one, Parameter.POSITIONAL_OR_KEYWORD, value) for one, value in zip(plain, defaults, strict=True)
    ]
    if listed.vararg:
        parameters.append(Parameter(listed.vararg.arg, Parameter.VAR_POSITIONAL))
    for one, node in zip(listed.kwonlyargs, listed.kw_defaults, strict=True):
        parameters.append(_parameter(one, Parameter.KEYWORD_ONLY, ABSENT if node is None else _value(node)))
    if listed.kwarg:
        parameters.append(Parameter(listed.kwarg.arg, Parameter.VAR_KEYWORD))
    return Signature(parameters)


def _parameter(one: ast.arg, kind: Any, default: object) -> Parameter:
    return Parameter(one.arg, kind, default=Parameter.empty if default is ABSENT else default)


def _value(node: ast.expr) -> object:
    text = ast.unparse(node)
    return _CONSTANTS[text] if text in _CONSTANTS else ast.literal_eval(node)


def _literal(text: str) -> object:
    """The value that a field has in a new object, ABSENT if it is more than a literal says."""
    expression = ast.parse(text, mode="eval").body
    if isinstance(expression, ast.IfExp):
        expression = expression.orelse
    try:
        return ast.literal_eval(expression)
    except ValueError:
        return ABSENT


def _without_first(signature: Signature, kind: str) -> Signature:
    parameters = list(signature.parameters.values())
    return signature.replace(parameters=parameters if kind in ("static", "function") else parameters[1:])


def faults_of_signature(real: Signature, ours: Signature, besides: Signature | None = None) -> list[str]:
    """In what our signature differs, such that a call of the real one means something else or is refused.

    ``besides`` is one more signature whose parameters ours may have.
    """
    theirs, mine = _by_position(real), _by_position(ours)
    found = []
    for place, wanted in enumerate(theirs):
        if place >= len(mine) or mine[place].name != wanted.name:
            at_hand = mine[place].name if place < len(mine) else "nothing"
            found.append(f"parameter {place + 1} is {at_hand}, not {wanted.name}")
        else:
            found += _faults_of_default(wanted, mine[place])
    for wanted in _of_kind(real, Parameter.KEYWORD_ONLY):
        own = ours.parameters.get(wanted.name)
        found += [f"no parameter {wanted.name}"] if own is None else _faults_of_default(wanted, own)
    for kind, what in ((Parameter.VAR_POSITIONAL, "*"), (Parameter.VAR_KEYWORD, "**")):
        if _of_kind(real, kind) and not _of_kind(ours, kind):
            found.append(f"takes no {what}{_of_kind(real, kind)[0].name}")
    return found + _faults_of_additions({*real.parameters, *(besides.parameters if besides else ())}, ours)


def _by_position(signature: Signature) -> list[Parameter]:
    return _of_kind(signature, Parameter.POSITIONAL_OR_KEYWORD)


def _of_kind(signature: Signature, kind: object) -> list[Parameter]:
    return [parameter for parameter in signature.parameters.values() if parameter.kind is kind]


def _faults_of_default(wanted: Parameter, own: Parameter) -> list[str]:
    if type(wanted.default) is type(own.default) and wanted.default == own.default:
        return []
    return [f"{wanted.name} is by default {_shown(own.default)}, not {_shown(wanted.default)}"]


def _shown(default: object) -> str:
    return "required" if default is Parameter.empty else repr(default)


def _faults_of_additions(known: set[str], ours: Signature) -> list[str]:
    """What we have besides must stay out of the way: by keyword only, and with a default."""
    added = [parameter for name, parameter in ours.parameters.items() if name not in known]
    return [
        f"{parameter.name} is no parameter of Azure ML's: give it a default and make it keyword-only"
        for parameter in added
        if parameter.kind is Parameter.POSITIONAL_OR_KEYWORD
        or (parameter.kind is Parameter.KEYWORD_ONLY and parameter.default is Parameter.empty)
    ]


def calls(signature: Signature) -> list[tuple[list[object], dict[str, object]]]:
    """Every way to call it: each number of positional arguments, the others by keyword, with and without optional."""
    only_by_position: list[object] = [0] * len(_of_kind(signature, Parameter.POSITIONAL_ONLY))
    plain = _by_position(signature)
    named = _of_kind(signature, Parameter.KEYWORD_ONLY)
    required = [parameter.name for parameter in plain if parameter.default is Parameter.empty]
    more: dict[str, object] = {"anything": 0} if _of_kind(signature, Parameter.VAR_KEYWORD) else {}
    found = []
    for count in range(len(plain) + 1):
        rest = [parameter.name for parameter in plain[count:]]
        needed = [name for name in rest if name in required]
        every = [*rest, *(parameter.name for parameter in named)]
        for words in (needed, every, *([*needed, name] for name in every if name not in needed)):
            found.append(([*only_by_position, *[0] * count], {**dict.fromkeys(words, 0), **more}))
    return found


def faults(real: Member, ours: type, sample: object = None, besides: Member | None = None) -> list[str]:
    """In what our class differs in one name.

    ``sample`` is a new object of it, for the values of fields, ``besides`` a member whose parameters it may have too.
    """
    if real.kind == "field" or (real.kind == "property" and sample is not None):
        return _faults_of_field(real, ours, sample)
    own = inspect.getattr_static(ours, real.name, ABSENT)
    if own is ABSENT:
        return ["absent"]
    if real.kind == "constant":
        return [] if own == real.value else [f"is {own!r}, not {real.value!r}"]
    if kind_of(own) not in _TAKING_THE_CALLS_OF.get(real.kind, {real.kind}):
        return [f"is a {kind_of(own)}, not a {real.kind}"]
    if isinstance(own, property):
        return ["cannot be set"] if real.settable and own.fset is None else []
    assert real.signature is not None
    function = own.__func__ if isinstance(own, (staticmethod, classmethod)) else own
    signature = _without_first(inspect.signature(function), kind_of(own))
    if real.name.startswith("__") and real.name != "__init__":
        return _refused_by_position(real.signature, signature)
    more = besides.signature if besides else None
    return faults_of_signature(real.signature, signature, more) + _refused_calls(real.signature, signature)


def kind_of(own: object) -> str:
    """What a name of a class is."""
    if isinstance(own, (staticmethod, classmethod, property)):
        return {staticmethod: "static", classmethod: "classmethod", property: "property"}[type(own)]
    return "method" if inspect.isroutine(own) else "constant"


def _refused_calls(real: Signature, ours: Signature) -> list[str]:
    """The same asked in another way: each call is made, as far as binding goes."""
    refused = []
    for positional, named in calls(real):
        real.bind(*positional, **named)
        try:
            ours.bind(*positional, **named)
        except TypeError as error:
            refused.append(f"refuses {len(positional)} positional arguments and {sorted(named)}: {error}")
    return refused


def _refused_by_position(real: Signature, ours: Signature) -> list[str]:
    """Of what Python calls itself, names of parameters do not matter."""
    return _refused_calls(Signature([one.replace(kind=Parameter.POSITIONAL_ONLY) for one in _by_position(real)]), ours)


def _faults_of_field(real: Member, ours: type, sample: object) -> list[str]:
    own = inspect.getattr_static(ours, real.name, None)
    if isinstance(own, property):
        return ["cannot be set"] if real.settable and own.fset is None else []
    value = getattr(sample, real.name, ABSENT)
    if value is ABSENT:
        return ["absent"]
    if real.value is not ABSENT and value != real.value:
        return [f"is {value!r} at first, not {real.value!r}"]
    if real.settable:
        setattr(sample, real.name, value)
    return []
