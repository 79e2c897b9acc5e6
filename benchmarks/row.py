"""One line of the result: what was measured, against what, and whether it is good enough."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Ratio:
    """Ours over the floor, pair by pair: the median of the pairs, and the lowest and highest of them."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ours: list[float], floor: list[float]) -> Ratio:
        """The ratio of measurements that were made in turns."""
        ratios = [a / b for a, b in zip(ours, floor, strict=True)]
        return cls(median(ratios), min(ratios), max(ratios))


@dataclass(frozen=True)
class Row:
    """A result as plain data.

    ``ours`` and ``floor`` are medians in ``unit``. ``goal`` is the highest good value of the median ratio;
    ``goal_of_ours`` that of ``ours`` itself. A row without figures says in ``note`` why it has none.
    """

    name: str
    measured: str
    floor_name: str
    unit: str = ""
    ours: float | None = None
    floor: float | None = None
    ratio: Ratio | None = None
    repeats: int = 0
    goal: float | None = None
    goal_of_ours: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether every goal is reached; None where there is no goal, or no figure."""
        found = []
        if self.goal is not None and self.ratio is not None:
            found.append(self.ratio.median <= self.goal)
        if self.goal_of_ours is not None and self.ours is not None:
            found.append(self.ours <= self.goal_of_ours)
        return all(found) if found else None

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "is_met": self.is_met}


def compared(
    name: str,
    measured: str,
    floor_name: str,
    unit: str,
    ours: list[float],
    floor: list[float],
    *,
    goal: float | None = None,
    goal_of_ours: float | None = None,
    note: str = "",
) -> Row:
    """The row of measurements in ``unit`` that were made in turns."""
    return Row(
        name,
        measured,
        floor_name,
        unit,
        ours=median(ours),
        floor=median(floor),
        ratio=Ratio.of(ours, floor),
        repeats=len(ours),
        goal=goal,
        goal_of_ours=goal_of_ours,
        note=note,
    )
