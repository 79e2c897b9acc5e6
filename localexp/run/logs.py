"""The logs of a run, and what else belongs to it."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.run.core import RunCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from localexp.config import Environment


class LogsOfRun(RunCore):
    """The part of ``Run`` that is about its logs and surroundings."""

    def get_details_with_logs(self) -> dict[str, Any]:
        """As ``get_details``, but ``logFiles`` has the text of each log as it is by now, and not its address.

        Of a log over 16 MiB it is the end, below a line that says where all of it is. Bytes that are no UTF-8 show as
        ``�``.
        """
        from localexp.execution.details import details_with_logs

        return details_with_logs(self._workspace._store, self._current())

    def get_all_logs(self, destination: str | os.PathLike[str] | None = None) -> list[str]:
        """Copy all logs of the run as they are by now, below a directory by their names, and return the paths.

        :param destination: the directory, made if it is not there; by default a new one for temporary files, which
            nobody removes: in a test give ``tmp_path``. (Azure ML's default is in the source directory, where the next
            snapshot would capture it.)
        :raises UserErrorException: it is a file, or cannot be written.
        """
        from localexp.execution.logs import copy_all

        folder = None if destination is None else os.path.abspath(destination)
        return copy_all(self._workspace._store, self._current(), folder)

    def get_detailed_status(self) -> dict[str, str | None]:
        """``status`` as of ``get_status``, and ``details``, which is None: Azure ML says there what a queue does."""
        return {"status": self.get_status(), "details": None}

    def clean(self) -> list[str]:
        """Remove files of an ended run that nobody needs to read it: the page, the supervisor's log, remains of killed
        uploads. What the script made, logged and printed stays.

        :returns: a message for each file that was removed.
        :raises ExperimentExecutionException: the run has not ended.
        :raises StoreError: the workspace may not be written.
        """
        from localexp.execution.remains import clean

        return clean(self._workspace._store, self._current())

    def get_environment(self) -> Environment:
        """The environment with which the run was submitted; ``python.interpreter_path`` is the one that was found.

        If it was built, ``python.conda_dependencies`` are the requirements that it was built from, all as those of pip.
        ``environment_variables`` is empty: of these only the names are kept, in ``get_details()["runDefinition"]``,
        for their values are often secrets.

        :raises UserErrorException: the run was not submitted.
        """
        from localexp.config import Environment

        record = self._current()
        if record.definition is None:
            raise UserErrorException(f"run {self.id} was not submitted, so that it has no environment of its own")
        definition = record.definition_parts()
        environment = Environment(str(definition.get("environment", "default-environment")))
        environment.python.interpreter_path = str(definition["interpreter"])
        build = definition.get("build")
        if isinstance(build, dict):
            from localexp.config.conda_dependencies import CondaDependencies

            packages = {"dependencies": [{"pip": build["requirements"]}]}
            environment.python.conda_dependencies = CondaDependencies(_underlying_structure=packages)
        return environment

    def get_secret(self, name: str) -> str:
        """A secret: the value of the environment variable of this name. (Azure ML asks a key vault.)

        :param name: the name; if there is no such variable, the one in upper case with ``_`` for whatever is neither
            an ASCII letter nor a digit is taken: ``DB_PASSWORD`` for ``db-password``.
        :raises UserErrorException: neither is set.
        """
        if not isinstance(name, str):
            raise UserErrorException(f"the name of a secret is a text, not {name!r}")
        other = "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()
        for variable in (name, other):
            if variable in os.environ:
                return os.environ[variable]
        raise UserErrorException(f"there is no secret {name!r}: neither {name} nor {other} is set in the environment")

    def get_secrets(self, secrets: Iterable[str]) -> dict[str, str]:
        """Several secrets by name, as ``get_secret`` gives one.

        :raises UserErrorException: one is not there.
        """
        if isinstance(secrets, str):
            raise UserErrorException(f"get_secrets takes a list of names, not {secrets!r}; get_secret takes one")
        return {name: self.get_secret(name) for name in secrets}
