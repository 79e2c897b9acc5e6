"""Two sessions, at two times and in two places, give reports of their runs that are the same byte by byte."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SUITE = '''
    import contextlib, io, json, os, textwrap
    from pathlib import Path
    from urllib.request import url2pathname

    import pytest
    from localexp import Experiment, ScriptRunConfig, Workspace
    from localexp.cli.main import localexp
    from localexp.testing import report as report_of

    SCRIPT = """
    import os, sys
    from localexp import Run

    run = Run.get_context()
    run.tag("data", sys.argv[1])
    for step in range(3):
        run.log("loss", 1 / (step + 1), step=step)
    run.log_row("table", x=1, y=2)
    run.child_run("part").complete()
    open("outputs/model.txt", "w").write("weights")
    print("done", flush=True)
    if "kill" in sys.argv:
        os.kill(os.getpid(), 9)
    if "fail" in sys.argv:
        # The message is longer than what is kept of it.
        raise ValueError(f"{__file__} cannot read {sys.argv[1]}: " + "because " * 100)
    """

    @pytest.fixture
    def workspace(tmp_path):
        with contextlib.closing(Workspace(tmp_path / "workspace")) as workspace:
            yield workspace

    def write(name, text):
        path = Path(os.environ["REPORTS"], name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def page(address):
        return Path(url2pathname(address.removeprefix("file://"))).read_text(encoding="utf-8")

    def printed(workspace, *command, form="--json"):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            localexp([*command, form, "--workspace", workspace.path], standalone_mode=False)
        return said.getvalue()

    def report(experiment, name):
        for run in [*experiment.get_runs(include_children=True)]:
            place = f"{name}/{run.number}"
            write(f"{place}/page.html", page(run.get_portal_url()))
            write(f"{place}/report.json", report_of(run))
            write(f"{place}/show.json", printed(experiment.workspace, "show", run.id))
            write(f"{place}/metrics.json", printed(experiment.workspace, "metrics", run.id))
            write(f"{place}/metrics", json.dumps(run.get_metrics()))
        write(f"{name}/page.html", page(experiment.get_portal_url()))
        first, *_, last = sorted(run.id for run in experiment.get_runs())
        write(f"{name}/compare.json", printed(experiment.workspace, "compare", "--all", first, last))
        write(f"{name}/diff.json", printed(experiment.workspace, "diff", first, last))
        write(f"{name}/runs.csv", printed(experiment.workspace, "runs", form="--csv"))
        for columns in ([], ["--columns", "created,params.data,duration"]):
            write(f"{name}/runs{len(columns)}.json", printed(experiment.workspace, "runs", "--children", *columns))

    def test_interactive(workspace, tmp_path):
        experiment = Experiment(workspace, "interactive")
        source = tmp_path / "source"
        source.mkdir()
        (source / "data.csv").write_text("1")
        run = experiment.start_logging(snapshot_directory=source)
        run.log("loss", 0.5)
        run.log("loss", 0.25)
        run.tag("from", str(source))
        run.tag("import", str(source / "tmp"))
        for child in run.create_children(count=2):
            child.complete()
        run.complete()
        with pytest.raises(ValueError), experiment.start_logging(snapshot_directory=None):
            raise ValueError(f"there is nothing in {source}")
        report(experiment, "interactive")

    @pytest.mark.parametrize("target", ["local", "inline"])
    def test_submitted(workspace, tmp_path, target):
        experiment = Experiment(workspace, target)
        source = tmp_path / "source"
        source.mkdir()
        (source / "train.py").write_text(textwrap.dedent(SCRIPT))
        (source / ".gitignore").write_text("data.csv")
        (source / "data.csv").write_text("1")
        for more in ([], ["fail"], ["kill"]) if target == "local" else ([], ["fail"]):
            arguments = [f"--data={tmp_path / 'data'}", *more]
            config = ScriptRunConfig(source, "train.py", arguments, inputs=["data.csv"])
            config.run_config.target = target
            run = experiment.submit(config, tags={"target": target})
            run.wait_for_completion(raise_on_error=False)
            assert run.status == ("Failed" if more else "Completed")
        report(experiment, target)
    '''


# Of the machine, or of where the temporary files are.
PATHS = ("/tmp/", "/home/", "/usr/", "/root/", str(Path(sys.prefix)), str(Path.home()), "checkouts/")


class Reports:
    """What the tests have written, by the names of the files, and the names of the tests in their order."""

    def __init__(self, folder: Path, order: list[str]) -> None:
        self.files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.order = order

    def differing(self, other: Reports) -> list[str]:
        assert self.files.keys() == other.files.keys()
        return [name for name, data in self.files.items() if other.files[name] != data]


def reports(
    pytester: pytest.Pytester, run: Callable[..., pytest.RunResult], place: str, seed: int, *arguments: str
) -> Reports:
    """Those of a session, with temporary files in a place, and the tests in the order of a seed."""
    folder, base = pytester.path / f"reports-{place.split()[0]}", pytester.path / place
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPORTS", str(folder))
        patch.setenv("HOME", str(folder))
        patch.setenv("TZ", f"UTC-{seed}")
        result = run(
            "-v",
            *("-p", "localexp", "-p", "no:cacheprovider", "-p", "randomly"),
            f"--basetemp={base}",
            f"--randomly-seed={seed}",
            *arguments,
        )
    result.assert_outcomes(passed=3)
    return Reports(folder, [line.split()[0] for line in result.outlines if "PASSED" in line])


def test_reports_are_the_same_in_two_sessions_only_if_they_are_to_be(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    elsewhere = pytester.runpytest_subprocess
    one = reports(pytester, elsewhere, "a", 1, "-o", "localexp_deterministic=frozen")
    other = reports(pytester, elsewhere, "another-place, ä & b's", 2, "-o", "localexp_deterministic=frozen")
    usual = reports(pytester, pytester.runpytest_inprocess, "usual", 1)

    assert one.order != other.order
    assert one.differing(other) == []
    assert len(one.files) > 40
    assert one.files["local/3/page.html"].count(b"2026-01-01T00:00:00.000000Z") == 4
    told = b"\n".join(one.files.values()).decode()
    assert [path for path in PATHS if path in told] == []
    assert "{tmp}/test_submitted_local_0/source" in told

    assert set(one.differing(usual)) == {name for name, data in one.files.items() if b"2026" in data}
