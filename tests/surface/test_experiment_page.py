"""The page of an experiment, and the curves on that of a run."""

from __future__ import annotations

import os
import re
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from localexp import Experiment, Workspace
from localexp.errors import UserErrorException
from localexp.report.html import write
from localexp.store import points
from tests.processes import output, python_of_nobody, removed_while_empty


def read(address: str) -> str:
    assert address.startswith("file://")
    with urllib.request.urlopen(address) as page:
        text: str = page.read().decode()
    return text


def test_the_page_of_an_experiment_has_its_runs(experiment: Experiment) -> None:
    experiment.tag("team", "<b>")
    run = experiment.start_logging(snapshot_directory=None, display_name="<i>one</i>", tags={"model": "mlp"})
    run.log("loss", 0.25)
    run.complete()
    child = run.child_run()

    page = read(experiment.get_portal_url())

    for text in ("digits", "&lt;i&gt;one&lt;/i&gt;", "model=mlp", "0.25", "Completed", child.id, "&lt;b&gt;"):
        assert text in page
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|i)\b", page)


def test_the_page_is_written_anew_by_each_call(experiment: Experiment) -> None:
    first = experiment.get_portal_url()
    assert "No runs yet." in read(first)
    run = experiment.start_logging(snapshot_directory=None)

    assert run.id not in read(first)
    assert experiment.get_portal_url() == first
    assert run.id in read(first)


def test_the_page_leads_to_the_pages_of_runs_that_have_one(experiment: Experiment) -> None:
    with_page = experiment.start_logging(snapshot_directory=None)
    experiment.start_logging(snapshot_directory=None)
    with_page.get_portal_url()

    address = experiment.get_portal_url()
    links = re.findall(r'<a href="([^"]*)">', read(address))

    assert len(links) == 1
    assert with_page.id in read(f"{address.rpartition('/')[0]}/{links[0]}")


def test_the_page_goes_with_the_experiment(workspace: Workspace, experiment: Experiment) -> None:
    experiment.start_logging(snapshot_directory=None).complete()
    experiment.get_portal_url()
    assert experiment.id is not None

    Experiment.delete(workspace, experiment.id)

    assert not os.path.exists(workspace._store.layout.runs("digits"))
    assert not os.path.exists(workspace._store.layout.deleted)
    with pytest.raises(UserErrorException):
        experiment.get_portal_url()


def test_an_experiment_that_has_not_been_created_has_no_page(workspace: Workspace) -> None:
    with pytest.raises(UserErrorException, match="later"):
        Experiment(workspace, "later", _create_in_cloud=False).get_portal_url()


@pytest.mark.localexp_outside
def test_the_page_of_a_read_only_store_is_written_elsewhere_and_a_notebook_shows_it() -> None:
    code = """
        import sys
        from localexp import Experiment, Workspace
        experiment = Experiment(Workspace(sys.argv[1]), "digits")
        address = experiment.get_portal_url()
        print(open(address.removeprefix("file://")).read().count("<h1>digits</h1>"), sys.argv[1] in address)
        [run] = experiment.get_runs()
        shown = (experiment.workspace, experiment, run, experiment.get_runs())
        print(["Completed" in one._repr_html_() for one in shown])
    """
    # Not below the folders of the tests, which others may not enter.
    with TemporaryDirectory() as folder:
        workspace = Workspace(folder)
        with Experiment(workspace, "digits").start_logging(snapshot_directory=None) as run:
            run.log("loss", 1.0)
        workspace.close()
        for path in [Path(folder), *Path(folder).rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)

        printed = output(python_of_nobody(code, folder))
        Path(folder, ".localexp").chmod(0o755)
        Path(folder).chmod(0o755)

    assert printed == "1 False\n[True, True, True, True]\n"


def test_a_curve_of_many_points_is_looked_up_not_read(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    for step in range(5000):
        run.log("loss", float(step))
    run.complete()
    with experiment.workspace._store.main.reading() as db:
        (summary,) = points.summaries(db, run._known().key)
        sample = points.sample(db, summary, 1000)
        few = points.sample(db, summary, 5000)

    numbers = [cell for cell in sample if isinstance(cell, float)]
    assert len(numbers) <= 1001
    assert (numbers[0], numbers[-1]) == (0.0, 4999.0)
    assert numbers == sorted(numbers)
    assert few == [float(step) for step in range(5000)]
    assert "5,000 values, 0 to 4999" in read(run.get_portal_url())


def test_of_very_many_metrics_and_files_the_page_has_the_first(experiment: Experiment, tmp_path: Path) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    for number in range(501):
        run.log(f"metric-{number}-", number)
    (tmp_path / "file").write_bytes(b"x")
    run.upload_files([f"file-{number:04}-" for number in range(1001)], [tmp_path / "file"] * 1001)

    page = read(run.get_portal_url())

    assert "metric-499-" in page
    assert "metric-500-" not in page
    assert "file-0999-" in page
    assert "file-1000-" not in page
    assert page.count("and 1 more") == 2


def test_a_page_is_written_though_its_folder_is_removed_as_long_as_it_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "run" / "run.html"
    with removed_while_empty(path.parent):
        for number in range(1000):
            write(str(path), str(number))
            path.unlink()
