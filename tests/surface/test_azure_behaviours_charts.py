"""Images and charts are logged as in Azure ML (azure-ml-v1.md, sections 2.2 and 2.3), or differ from it on purpose."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from localexp import Experiment, Run
from localexp.errors import UserErrorException

MATRIX = {
    "schema_type": "confusion_matrix",
    "schema_version": "1.0.0",
    "data": {"class_labels": ["a", "b"], "matrix": [[1, 2], [3, 4]]},
}


@pytest.fixture
def run(experiment: Experiment) -> Iterator[Run]:
    with experiment.start_logging(snapshot_directory=None) as run:
        yield run


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PNG file of one pixel in the working directory."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0\0")), chunk(b"IEND", b"")]
    path = tmp_path / "dot.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    monkeypatch.chdir(tmp_path)
    return path


class Figure:
    """What a figure of matplotlib looks like from outside."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def savefig(self, target: object, *_: object, **__: object) -> None:
        if isinstance(target, (str, Path)):
            Path(target).write_bytes(self.content)
        else:
            target.write(self.content)  # type: ignore[attr-defined]


def test_an_image_is_a_file_named_by_its_path(run: Run, image: Path) -> None:
    run.log_image("picture", path="dot.png")

    assert run.get_metrics() == {"picture": f"aml://artifactId/ExperimentRun/dcid.{run.id}/dot.png"}
    assert "dot.png" in run.get_file_names()


def test_an_image_from_elsewhere_differs_and_is_named_by_the_last_part_of_its_path(
    run: Run, image: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "far.png"
    elsewhere.write_bytes(image.read_bytes())

    run.log_image("picture", path=str(elsewhere))

    assert run.get_file_names() == ["far.png"]


def test_an_image_is_a_path_or_a_plot(run: Run, image: Path) -> None:
    with pytest.raises(UserErrorException):
        run.log_image("picture")
    with pytest.raises(UserErrorException):
        run.log_image("picture", path="dot.png", plot=Figure(b""))


def test_a_plot_is_saved_as_a_file_named_by_metric_and_second(run: Run, image: Path) -> None:
    run.log_image("picture", plot=Figure(image.read_bytes()))

    [name] = run.get_file_names()
    assert name.startswith("picture_")
    assert name.endswith(".png")


def test_what_is_no_image_or_plot_is_refused(run: Run, image: Path) -> None:
    Path("notes.txt").write_text("text")

    with pytest.raises(UserErrorException):
        run.log_image("picture", path="notes.txt")
    with pytest.raises(UserErrorException):
        run.log_image("picture", plot=object())

    assert run.get_metrics() == {}


@pytest.mark.parametrize("value", [MATRIX, json.dumps(MATRIX)])
def test_a_confusion_matrix_is_a_file_named_by_its_metric(run: Run, value: object) -> None:
    run.log_confusion_matrix("matrix", value)

    assert run.get_metrics() == {"matrix": f"aml://artifactId/ExperimentRun/dcid.{run.id}/matrix"}
    assert run.get_file_names() == ["matrix"]


def test_populate_gives_the_file_itself(run: Run) -> None:
    run.log_confusion_matrix("matrix", MATRIX)

    artifact = run.get_metrics(populate=True)["matrix"]

    assert json.loads(artifact.data) == MATRIX
    assert artifact.path == artifact.filename == "matrix"


def test_a_second_chart_of_a_name_differs_and_is_kept_under_another_name(run: Run) -> None:
    run.log_confusion_matrix("matrix", MATRIX)
    run.log_confusion_matrix("matrix", {**MATRIX, "data": {"class_labels": ["a"], "matrix": [[1]]}})

    first, second = run.get_metrics()["matrix"]

    assert first != second
    assert len(run.get_file_names()) == 2


def test_a_chart_that_is_no_json_is_refused(run: Run) -> None:
    with pytest.raises(UserErrorException):
        run.log_residuals("residuals", "{")


def test_a_chart_of_another_schema_differs_and_is_refused(run: Run) -> None:
    with pytest.raises(UserErrorException):
        run.log_predictions("predictions", MATRIX)

    assert run.get_metrics() == {}
