"""Logging as a script finds it in an interpreter of its own, put back afterwards as this process had it."""

from __future__ import annotations

import logging
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def unconfigured() -> Iterator[None]:
    """Have a root logger that nobody has configured, so that ``basicConfig`` of a script does what it says.

    Handlers and settings that the script gives to any logger are taken away again, and no handler of this process is
    closed by its ``dictConfig``.
    """
    before = {logger: _Setup(logger) for logger in _loggers()}
    handlers, threshold = logging.root.handlers, logging.root.manager.disable
    # It has no public name, and without it nothing else fails.
    known = getattr(logging, "_handlerList", [])
    aside, known[:] = list(known), []
    logging.root.handlers = []
    logging.root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        _close(logging.root.handlers)
        logging.root.handlers = handlers
        for logger in _loggers():
            (before.get(logger) or _Setup(logging.Logger(logger.name))).put_back(logger)
        logging.disable(threshold)
        known[:0] = aside


def _loggers() -> list[logging.Logger]:
    named = list(logging.root.manager.loggerDict.values())
    return [logging.root, *(one for one in named if isinstance(one, logging.Logger))]


def _close(handlers: list[logging.Handler]) -> None:
    for handler in handlers:
        handler.close()


class _Setup:
    """How a logger is set up."""

    def __init__(self, logger: logging.Logger) -> None:
        self._level = logger.level
        self._handlers = list(logger.handlers)
        self._filters = list(logger.filters)
        self._propagates = logger.propagate
        self._is_disabled = logger.disabled

    def put_back(self, logger: logging.Logger) -> None:
        _close([handler for handler in logger.handlers if handler not in self._handlers])
        logger.handlers[:], logger.filters[:] = self._handlers, self._filters
        logger.propagate, logger.disabled = self._propagates, self._is_disabled
        if logger.level != self._level:
            # It has all loggers forget what they have found out about levels.
            logger.setLevel(self._level)
