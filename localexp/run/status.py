"""RunStatus: the names of the states of a run."""

from __future__ import annotations

import builtins


class RunStatus:
    """The states that a run can be in, as plain texts.

    The meaning is Azure ML's. A run of localexp begins NotStarted, Queued, Preparing or Running, and ends Completed,
    Failed or Canceled; it is never Provisioning, Starting, Unapproved, NotResponding, Pausing or Paused.
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
