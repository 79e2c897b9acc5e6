"""Charts and images: metrics that are files of the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from localexp import Artifact, Experiment, Run, Workspace
from localexp.errors import UserErrorException
from tests.processes import Project

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
LISTS = {
    "accuracy_table": [
        "probability_tables",
        "percentile_tables",
        "probability_thresholds",
        "percentile_thresholds",
        "class_labels",
    ],
    "residuals": ["bin_edges", "bin_counts"],
    "predictions": ["bin_averages", "bin_errors", "bin_counts", "bin_edges"],
}


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


class Figure:
    """As matplotlib's: it writes its picture into a stream."""

    def __init__(self, picture: bytes = PNG) -> None:
        self.picture = picture

    def savefig(self, target: object, **options: object) -> None:
        assert options["format"] == "png"
        target.write(self.picture)  # type: ignore[attr-defined]


def matrix(labels: object = ("a", "b"), cells: object = ((3, 1), (0, 4))) -> dict[str, object]:
    data = {"class_labels": labels, "matrix": cells}
    return {"schema_type": "confusion_matrix", "schema_version": "1.0.0", "data": data}


def address(run: Run, name: str) -> str:
    return f"aml://artifactId/ExperimentRun/dcid.{run.id}/{name}"


@pytest.mark.parametrize(
    "chart",
    [
        matrix(),
        matrix(["a", "b"], [[3, 1], [0, 4]]),
        matrix(np.array(["a", "b"]), np.array([[3, 1], [0, 4]])),
        matrix(["a", "b"], [[np.int64(3), np.float32(1)], np.array([0, 4])]),
        json.dumps(matrix()),
    ],
    ids=["tuples", "lists", "arrays", "scalars of numpy", "JSON"],
)
def test_a_confusion_matrix_is_kept_as_a_file_of_the_name_of_its_metric(run: Run, chart: object) -> None:
    run.log_confusion_matrix("val/cm", chart)

    assert run.get_metrics() == {"val/cm": address(run, "val/cm")}
    assert run.get_file_names() == ["val/cm"]
    found = run.get_metrics(populate=True)["val/cm"]
    assert isinstance(found, Artifact)
    assert json.loads(found.data) == matrix(["a", "b"], [[3, 1], [0, 4]])


@pytest.mark.parametrize("kind", LISTS)
def test_other_charts_are_kept_alike(run: Run, kind: str) -> None:
    log = getattr(run, f"log_{kind}")
    chart = {"schema_type": kind, "schema_version": "1.0.1", "data": {name: [1, 2] for name in LISTS[kind]}}

    log("m", chart, "described")

    assert json.loads(run.get_metrics(populate=True)["m"].data) == chart


@pytest.mark.parametrize("kind", LISTS)
def test_a_chart_that_lacks_a_list_is_refused(run: Run, kind: str) -> None:
    for missing in LISTS[kind]:
        data = {name: [1] for name in LISTS[kind] if name != missing}
        with pytest.raises(UserErrorException, match=f"its data has no list '{missing}'"):
            getattr(run, f"log_{kind}")("m", {"schema_type": kind, "schema_version": "1.0.0", "data": data})

    assert run.get_metrics() == {}
    assert run.get_file_names() == []


@pytest.mark.parametrize(
    ("chart", "problem"),
    [
        (5, "an int is no dict"),
        ({}, "its schema_type is None"),
        ({**matrix(), "schema_type": "residuals"}, "its schema_type is 'residuals'"),
        ({**matrix(), "data": [1]}, "it has no dict 'data'"),
        (matrix("ab"), "its data has no list 'class_labels'"),
        (matrix(["a", "b", "c"]), "its matrix has not 3 rows of 3 numbers, one a label"),
        (matrix(["a", "b"], [[1, 2], [3]]), "its matrix has not 2 rows of 2 numbers"),
        (matrix(["a", "b"], [1, 2]), "its matrix has not 2 rows of 2 numbers"),
        (matrix(["a", "b"], [[1, 2], [3, "4"]]), "holds something that is no number"),
        ("{", "the text is not JSON"),
        (matrix(["a", object()]), "an object is not a number"),
    ],
)
def test_a_confusion_matrix_of_another_schema_is_refused(run: Run, chart: object, problem: str) -> None:
    with pytest.raises(UserErrorException, match=problem) as refused:
        run.log_confusion_matrix("m", chart)

    assert "metric 'm'" in str(refused.value)
    assert run.get_metrics() == {}
    assert run.get_file_names() == []


def test_charts_of_one_name_are_all_kept(run: Run) -> None:
    for cells in ([[1, 0], [0, 1]], [[2, 0], [0, 2]], [[2, 0], [0, 2]]):
        run.log_confusion_matrix("cm", matrix(["a", "b"], cells))

    assert run.get_metrics() == {"cm": [address(run, name) for name in ("cm", "cm_1", "cm_1")]}
    assert run.get_file_names() == ["cm", "cm_1"]


@pytest.mark.parametrize("name", ["../cm", "/cm", "a\\b", "a:b", "cm\n", "..", "", "x" * 5000])
def test_a_metric_of_any_name_finds_a_file(run: Run, name: str) -> None:
    run.log_confusion_matrix(name, matrix())

    [file] = run.get_file_names()
    assert run.get_metrics() == {name: address(run, file)}
    assert run.get_metrics(populate=True)[name].data


def test_an_image_is_named_by_its_path_from_the_working_directory(
    run: Run, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("plots/here.png", "").write_bytes(PNG)
    elsewhere = project.path.parent / "elsewhere.png"
    elsewhere.write_bytes(PNG)
    monkeypatch.chdir(project.path)

    run.log_image("relative", "plots/here.png")
    run.log_image("absolute", project.path / "plots/here.png")
    run.log_image("elsewhere", path=str(elsewhere))

    here = address(run, "plots/here.png")
    assert run.get_metrics() == {"relative": here, "absolute": here, "elsewhere": address(run, "elsewhere.png")}
    assert run.get_metrics(populate=True)["relative"].data == PNG


def test_a_plot_is_drawn_into_a_file_named_by_its_metric(run: Run) -> None:
    run.log_image("val/curve", plot=Figure(), description="how it went")

    [name] = run.get_file_names()
    assert name.startswith("val/curve_")
    assert name.endswith(".png")
    assert run.get_metrics(populate=True)["val/curve"].data == PNG


def test_plots_of_the_same_second_are_all_kept(run: Run) -> None:
    for number in range(3):
        run.log_image("curve", plot=Figure(PNG + bytes([number])))

    assert [found.data[-1] for found in run.get_metrics(populate=True)["curve"]] == [0, 1, 2]


def test_an_image_that_is_overwritten_between_steps_is_kept_for_each(run: Run, tmp_path: Path) -> None:
    image = tmp_path / "step.png"
    for number in range(2):
        image.write_bytes(PNG + bytes([number]))
        run.log_image("step", image)

    assert run.get_metrics() == {"step": [address(run, "step.png"), address(run, "step_1.png")]}


@pytest.mark.parametrize(
    "content",
    [
        PNG,
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        b"BM12",
        b"II*\0",
        b"RIFF0000WEBPVP8 ",
        b"<svg/>",
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg/>',
    ],
)
def test_what_is_an_image_is_told_by_its_bytes(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "image.bin").write_bytes(content)

    run.log_image("m", tmp_path / "image.bin")

    assert run.get_metrics(populate=True)["m"].data == content


@pytest.mark.parametrize(
    ("path", "plot", "problem"),
    [
        (None, None, "give one of both"),
        (Figure(), None, r"goes into plot=, as in log_image\('m', plot=figure\)"),
        ("a.png", Figure(), "and not both"),
        ("no.png", None, "cannot read the image no.png: No such file"),
        ("text.png", None, "text.png is no image .* upload_file takes"),
        (".", None, "cannot read the image"),
        (None, "curve", "a str has no savefig; give a figure of matplotlib"),
        (3, None, "the path of an image is a text or a pathlib.Path, not an int"),
    ],
    ids=["nothing", "a figure as path", "both", "no file", "a text", "a folder", "no plot", "no path"],
)
def test_an_image_that_is_none_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Any, plot: object, problem: str
) -> None:
    (tmp_path / "text.png").write_text("a picture of a text")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UserErrorException, match=problem):
        run.log_image("m", path, plot)

    assert run.get_metrics() == {}
    assert run.get_file_names() == []


def test_a_chart_under_the_name_of_other_values_is_refused_before_its_file_is_kept(run: Run) -> None:
    run.log("m", 1)

    with pytest.raises(UserErrorException, match="the metric 'm' was logged as a scalar before"):
        run.log_confusion_matrix("m", matrix())

    assert run.get_file_names() == []


def test_a_run_that_has_ended_takes_no_chart(workspace: Workspace, run: Run) -> None:
    run.complete()

    with pytest.raises(UserErrorException, match="only a run that goes on can log metrics and params"):
        Run.get(workspace, run.id).log_confusion_matrix("m", matrix())

    assert run.get_file_names() == []


def test_a_submitted_script_logs_charts_and_images(experiment: Experiment, project: Project) -> None:
    project.write("image.svg", "<svg/>")
    project.write(
        "train.py",
        """
        from localexp import Run
        run = Run.get_context()
        data = {"bin_edges": [0, 1], "bin_counts": [2]}
        run.log_residuals("res", {"schema_type": "residuals", "schema_version": "1.0.0", "data": data})
        run.log_image("image", "image.svg")
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_metrics() == {"res": address(run, "res"), "image": address(run, "image.svg")}
    assert {"res", "image.svg"} <= set(run.get_file_names())
