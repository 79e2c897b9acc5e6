"""Every name that we share with Azure ML takes every call that Azure ML's takes; what is missing has a reason."""

from __future__ import annotations

import inspect

import pytest

import localexp
from localexp import compat, errors
from localexp.compat import core, exceptions, widgets
from localexp.config import HistoryConfiguration, PythonSection
from localexp.experiment import ViewType
from localexp.offline import OfflineRun
from localexp.run.submitted import SubmittedRun
from tests.surface import azure_surface
from tests.surface.azure_surface import Gap, Member, faults, faults_of_signature, gaps, member, members, parsed

OURS: dict[str, list[type]] = {
    "Experiment": [localexp.Experiment, core.Experiment],
    "HasExperimentPortal": [localexp.Experiment],
    "ViewType": [ViewType],
    "_RunBase": [localexp.Run],
    "Run": [localexp.Run],
    "HasRunPortal": [localexp.Run],
    "_SubmittedRun": [SubmittedRun],
    "_OfflineRun": [OfflineRun],
    "RunDetails": [localexp.RunDetails, widgets.RunDetails],
    "RunStatus": [localexp.RunStatus],
    "ScriptRunConfig": [localexp.ScriptRunConfig],
    "RunConfiguration": [localexp.RunConfiguration],
    "HistoryConfiguration": [HistoryConfiguration],
    "MpiConfiguration": [localexp.MpiConfiguration],
    "PyTorchConfiguration": [localexp.PyTorchConfiguration],
    "Environment": [localexp.Environment],
    "PythonSection": [PythonSection],
    "CondaDependencies": [localexp.CondaDependencies],
    "Workspace": [localexp.Workspace],
}

# New objects to look at: for the values that their fields have at first, and where a field is as good as a property.
SAMPLES: dict[str, object] = {
    "ScriptRunConfig": localexp.ScriptRunConfig("."),
    "RunConfiguration": localexp.RunConfiguration(),
    "HistoryConfiguration": HistoryConfiguration(),
    "MpiConfiguration": localexp.MpiConfiguration(),
    "PyTorchConfiguration": localexp.PyTorchConfiguration(),
    "Environment": localexp.Environment("any"),
    "PythonSection": PythonSection(),
    "CondaDependencies": localexp.CondaDependencies(),
    "_OfflineRun": OfflineRun(),
}

# A run inside and outside a submission may take what any run takes.
BESIDES = {"_SubmittedRun": "Run", "_OfflineRun": "Run"}

GAPS = {(gap.owner, gap.name): gap for gap in gaps()}
SHARED = [(owner, name) for owner in OURS for name in members(owner)]


def faults_of(owner: str, name: str) -> list[str]:
    besides = members(BESIDES[owner]).get(name) if owner in BESIDES else None
    real, sample = members(owner)[name], SAMPLES.get(owner)
    return [fault for ours in OURS[owner] for fault in faults(real, ours, sample, besides)]


@pytest.mark.parametrize(("owner", "name"), [pair for pair in SHARED if pair not in GAPS])
def test_a_name_that_we_share_takes_every_call_of_azure_mls(owner: str, name: str) -> None:
    assert faults_of(owner, name) == []


@pytest.mark.parametrize(("owner", "name"), [pair for pair in SHARED if pair in GAPS])
def test_a_listed_gap_is_one(owner: str, name: str) -> None:
    found = faults_of(owner, name)

    if GAPS[owner, name].what == "absent":
        assert found == ["absent"] * len(OURS[owner]), (
            f"{owner}.{name} is there: take it off tests/data/azure-ml-gaps.json"
        )
    else:
        assert found, f"{owner}.{name} is as in Azure ML: take it off tests/data/azure-ml-gaps.json"
        assert "absent" not in found


def test_the_module_function_get_run_is_as_azure_mls() -> None:
    [(name, text)] = azure_surface.surface()["functions"].items()

    assert faults_of_signature(parsed(text), inspect.signature(getattr(localexp, name))) == []
    assert core.get_run is localexp.get_run


def test_every_class_is_shared_or_listed_as_a_gap() -> None:
    facts = azure_surface.surface()
    missing = {owner for owner, name in GAPS if not name}
    missing |= {f"hyperdrive.{name}" for owner, name in GAPS if owner == "hyperdrive"}

    assert set(facts["classes"]) == set(OURS)
    assert set(facts["others"]) == missing
    for owner in missing:
        name = owner.rpartition(".")[2]
        assert not any(name in dir(place) for place in (localexp, core, core.runconfig, core.environment, compat))


def test_every_exception_is_shared_or_listed_as_a_gap() -> None:
    facts: dict[str, list[str]] = azure_surface.surface()["exceptions"]
    missing = {name for owner, name in GAPS if owner == "exceptions"}

    assert set(facts) == missing | (set(facts) & set(exceptions.__all__))
    assert not missing & (set(exceptions.__all__) | set(vars(errors)))
    for name in set(facts) - missing:
        for base in set(facts[name]) & set(exceptions.__all__):
            assert issubclass(getattr(exceptions, name), getattr(exceptions, base))


def test_a_gap_names_something_that_azure_ml_has() -> None:
    facts = azure_surface.surface()
    known = {*SHARED, *((owner, "") for owner in facts["others"])}
    known |= {tuple(one.split(".")) for one in facts["others"] if "." in one}
    known |= {("exceptions", name) for name in facts["exceptions"]}

    assert set(GAPS) <= known
    assert len(GAPS) == len(gaps())


@pytest.mark.parametrize("gap", gaps(), ids=lambda gap: f"{gap.owner}.{gap.name}")
def test_every_gap_says_why_and_what_to_use_instead(gap: Gap) -> None:
    assert len(gap.reason.split()) >= 3
    assert gap.instead
    assert gap.what in ("absent", "different")


# That the comparison finds what it is there to find: small classes against made-up facts.


class Ours:
    LIMIT = 3

    def __init__(self) -> None:
        self.field = 1

    def plain(self, a: int, b: int = 1) -> None: ...

    def more(self, a: int, b: int = 1, *, c: int = 2, **rest: int) -> None: ...

    def __exit__(self, kind: object) -> None: ...

    @property
    def shown(self) -> int:
        return 1

    @property
    def changed(self) -> int:
        return 1

    @changed.setter
    def changed(self, value: int) -> None: ...

    @staticmethod
    def made(a: int) -> None: ...

    @classmethod
    def found(cls, a: int = 0) -> None: ...


@pytest.mark.parametrize(
    ("name", "kind", "signature"),
    [
        ("plain", "method", "(self, a, b=1)"),
        ("more", "method", "(self, a, b=1)"),
        ("more", "method", "(self, a, b=1, **kwargs)"),
        ("more", "method", "(self, a, *, c=2)"),
        ("made", "static", "(a)"),
        ("found", "static", "(a=0)"),
        ("found", "classmethod", "(cls, a=0)"),
        ("shown", "property", "(self)"),
        ("changed", "property", "(self)"),
        ("__exit__", "method", "(self, exit_type)"),
    ],
)
def test_what_fits_has_no_faults(name: str, kind: str, signature: str) -> None:
    extra = ["b"] if signature == "(self, a, *, c=2)" else []

    found = faults(member(name, {"kind": kind, "signature": signature}), Ours)

    assert [fault.split()[0] for fault in found] == extra


@pytest.mark.parametrize(
    ("name", "kind", "signature", "fault"),
    [
        ("plain", "method", "(self, b, a=1)", "parameter 1 is a, not b"),
        ("plain", "method", "(self, a, b=2)", "b is by default 1, not 2"),
        ("plain", "method", "(self, a, b=True)", "b is by default 1, not True"),
        ("plain", "method", "(self, a, b)", "b is by default 1, not required"),
        ("plain", "method", "(self, a=None, b=1)", "a is by default required, not None"),
        ("plain", "method", "(self, a, b=1, c=2)", "parameter 3 is nothing, not c"),
        ("plain", "method", "(self, a, b=1, *, c=2)", "no parameter c"),
        ("plain", "method", "(self, a, b=1, **kwargs)", "takes no **kwargs"),
        ("plain", "method", "(self, a, b=1, *args)", "takes no *args"),
        ("plain", "method", "(self, a)", "b is no parameter of Azure ML's"),
        ("more", "method", "(self, a, b=1, c=2)", "parameter 3 is nothing, not c"),
        ("plain", "static", "(a, b=1)", "is a method, not a static"),
        ("made", "classmethod", "(cls, a)", "is a static, not a classmethod"),
        ("shown", "method", "(self)", "is a property, not a method"),
        ("plain", "property", "(self)", "is a method, not a property"),
        ("__enter__", "method", "(self)", "absent"),
        ("__exit__", "method", "(self, kind, value)", "refuses 2 positional"),
    ],
)
def test_what_differs_is_found(name: str, kind: str, signature: str, fault: str) -> None:
    found = faults(member(name, {"kind": kind, "signature": signature}), Ours)

    assert found[0].startswith(fault)


def test_a_call_that_binds_nowhere_is_found_by_making_it() -> None:
    real = member("plain", {"kind": "method", "signature": "(self, a, b=1, c=2)"})

    refused = [fault for fault in faults(real, Ours) if fault.startswith("refuses")]

    assert refused[0].startswith("refuses 0 positional arguments and ['a', 'b', 'c']")
    assert any(fault.startswith("refuses 3 positional arguments") for fault in refused)


@pytest.mark.parametrize(
    ("real", "fault"),
    [
        (Member("shown", "property", settable=True), "cannot be set"),
        (Member("LIMIT", "constant", value=4), "is 3, not 4"),
        (Member("field", "field", value=2, settable=True), "is 1 at first, not 2"),
        (Member("other", "field", value=2, settable=True), "absent"),
    ],
)
def test_a_value_or_property_that_differs_is_found(real: Member, fault: str) -> None:
    assert faults(real, Ours, Ours()) == [fault]
