"""RunStatus: the names of the states of a run."""

from __future__ import annotations

import builtins


class RunStatus:
    """The states that a run can be in, as plain texts.

    The meaning is Azure ML's. A submitted run is NotStarted if it is started at once, otherwise Queued until its turn
    comes; then it is Preparing while its checkout is made, Running with its script, Finalizing while its files are
    kept, and at last Completed or Failed. One that is to be canceled is CancelRequested until its processes have ended,
    then Canceled. A run of ``start_logging`` is Running from the start. No run is ever Provisioning, Starting,
    Unapproved, NotResponding, Pausing or Paused.
    """

    QUEUED = "Queued"
    NOT_STARTED = "NotStarted"
    PREPARING = "Preparing"
    PROVISIONING = "Provisioning"
    STARTING = "Starting"
    RUNNING = "Running"
    CANCEL_REQUESTED = "CancelRequested"
    CANCELED = "Canceled"
    FINALIZING = "Finalizing"
    COMPLETED = "Completed"
    FAILED = "Failed"
    UNAPPROVED = "Unapproved"
    NOTRESPONDING = "NotResponding"
    PAUSING = "Pausing"
    PAUSED = "Paused"

    @classmethod
    def list(cls) -> builtins.list[str]:
        """Every state."""
        return [value for name, value in vars(RunStatus).items() if name.isupper()]

    @classmethod
    def get_running_statuses(cls) -> builtins.list[str]:
        """The states of a run that has yet to do what it was started for."""
        return [
            cls.NOT_STARTED,
            cls.QUEUED,
            cls.PREPARING,
            cls.PROVISIONING,
            cls.STARTING,
            cls.RUNNING,
            cls.UNAPPROVED,
            cls.NOTRESPONDING,
            cls.PAUSING,
            cls.PAUSED,
        ]

    @classmethod
    def get_post_processing_statuses(cls) -> builtins.list[str]:
        """The states of a run that is being stopped, or whose files are being kept."""
        return [cls.CANCEL_REQUESTED, cls.FINALIZING]
