"""After a restart of the machine whoever looks first ends what was going on."""

from __future__ import annotations

import os
import signal

from localexp.store import runs, states
from localexp.store.owners import Owner
from tests.execution.faults.trial import Trial
from tests.processes import wait_until


def before_the_restart(owner: Owner) -> str:
    return str(Owner(owner.host, "an-earlier-boot", owner.namespace, owner.pid, owner.start))


def test_a_run_that_was_going_on_when_the_machine_was_restarted(trial: Trial) -> None:
    trial.submit("import time; time.sleep(600)")
    wait_until(lambda: trial.record().status == "Running", "the run is Running")
    trial.wait_for_points()
    supervisor, script = trial.owner(), Owner.parse(str(trial.record().process))
    os.kill(supervisor.pid, signal.SIGKILL)
    os.kill(script.pid, signal.SIGKILL)
    wait_until(lambda: not (supervisor.is_alive() or script.is_alive()), "what a restart ends has ended")
    with trial.experiment.workspace._store.main.writing() as db:
        runs.set_process(db, trial.record().key, before_the_restart(script))
        assert states.hand_over(db, trial.record().key, str(supervisor), before_the_restart(supervisor))

    trial.assert_all_is_well("Failed", "the machine was restarted while the run was active")
