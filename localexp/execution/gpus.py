"""What processes take of the GPUs of this machine, as NVIDIA's library tells."""

from __future__ import annotations

from localexp.metrics import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Gpus:
    """None without the extra ``gpu``, or without a GPU and its driver."""

    def __init__(self) -> None:
        self._library = _library()

    def sample(self, pids: set[int]) -> list[tuple[str, float]]:
        """Over the GPUs that one of the processes uses: how busy they are, 100 for one, and how much of their memory
        these have. (How busy with which process the library does not tell of all.)
        """
        if self._library is None:
            return []
        try:
            return _sample(self._library, pids)
        except self._library.NVMLError:
            # As of a GPU that has been taken away. Its driver is not asked again.
            self._library = None
            return []


def _library() -> Any:
    import importlib

    try:
        library = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        library.nvmlInit()
    except library.NVMLError:
        # There is no driver.
        return None
    return library


def _sample(library: Any, pids: set[int]) -> list[tuple[str, float]]:
    percent, memory, is_used = 0.0, 0, False
    for number in range(library.nvmlDeviceGetCount()):
        gpu = library.nvmlDeviceGetHandleByIndex(number)
        own = [one for one in library.nvmlDeviceGetComputeRunningProcesses(gpu) if one.pid in pids]
        if own:
            is_used = True
            percent += library.nvmlDeviceGetUtilizationRates(gpu).gpu
            memory += sum(one.usedGpuMemory or 0 for one in own)
    return [(system.GPU_PERCENT, percent), (system.GPU_MEMORY_BYTES, memory)] if is_used else []
