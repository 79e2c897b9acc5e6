"""An experiment as a page and in a notebook."""

from __future__ import annotations

from localexp.errors import LocalexpError, UserErrorException
from localexp.experiment.core import ExperimentCore


class ShownExperiment(ExperimentCore):
    """The part of ``Experiment`` that shows it to people."""

    def get_portal_url(self) -> str:
        """Write a page of the experiment's runs as they stand now, and return its ``file://`` address.

        The page needs nothing but itself, has the newest 1,000 runs, and is written anew by each call.

        :raises UserErrorException: the experiment has not been created, or was deleted.
        """
        from localexp.report.experiment_page import write_experiment_page

        record = self._standing_record()
        if record is None:
            raise UserErrorException(f"the experiment {self.name!r} has no page before its first run creates it")
        return write_experiment_page(self._workspace._store, record)

    def _repr_html_(self) -> str:
        from localexp.report.notebook import experiment_html, problem_html

        try:
            return experiment_html(self._workspace._store, self.name, self._standing_record())
        except LocalexpError as error:
            return problem_html(str(error))
