"""The process that submits a run: how it was called, and of its environment what is no secret."""

from __future__ import annotations

import os
import re
import sys

from localexp.execution import here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_TELLING_CHARACTERS = 6
# Each by its whole name: behind a prefix somebody may have a name of their own. None of these holds a secret, and each
# bears upon what a script computes or prints.
_RECORDED = frozenset(
    [
        *("PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONNOUSERSITE", "PYTHONDEVMODE"),
        *("OMP_NUM_THREADS", "OMP_DYNAMIC", "OMP_PROC_BIND", "OMP_PLACES", "OMP_SCHEDULE", "OMP_THREAD_LIMIT"),
        *("MKL_NUM_THREADS", "MKL_DYNAMIC", "MKL_CBWR", "MKL_THREADING_LAYER", "MKL_ENABLE_INSTRUCTIONS"),
        *("MKL_SERVICE_FORCE_INTEL", "MKL_DEBUG_CPU_TYPE", "KMP_AFFINITY", "KMP_BLOCKTIME"),
        *("OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "GOTO_NUM_THREADS", "BLIS_NUM_THREADS"),
        *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS", "NUMBA_NUM_THREADS"),
        *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING", "CUBLAS_WORKSPACE_CONFIG"),
        *("NVIDIA_TF32_OVERRIDE", "NVIDIA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
        *("TF_DETERMINISTIC_OPS", "TF_CUDNN_DETERMINISTIC", "TF_ENABLE_ONEDNN_OPTS", "TOKENIZERS_PARALLELISM"),
        *("TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC"),
        *("LC_TIME", "SOURCE_DATE_EPOCH"),
    ]
)


def invocation(variables: Mapping[str, str]) -> dict[str, object]:
    """How this process was called, and the environment of a run whose configuration sets ``variables``.

    Values are there of variables that are known to be harmless, of all others the names alone.
    """
    environment = {**os.environ, **variables}
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return {
        "argv": _without_values(list(sys.argv), variables),
        "script": None if main is None else os.path.abspath(main),
        "cwd": here.current(),
        "variables": {name: environment[name] for name in sorted(_RECORDED & environment.keys())},
        "otherVariables": sorted(environment.keys() - _RECORDED),
    }


def _without_values(argv: list[str], variables: Mapping[str, str]) -> list[str]:
    """Arguments without values of variables that the configuration sets, which they may have come from."""
    for name, value in variables.items():
        if name not in _RECORDED:
            argv = [_without_value(argument, name, value) for argument in argv]
    return argv


def _without_value(argument: str, name: str, value: str) -> str:
    # Where an option sets one twice, the configuration has the last value alone.
    setting = re.search(rf"(?<!\w){re.escape(name)}=", argument)
    if setting is not None:
        return f"{argument[: setting.end()]}…"
    # A short one is many an argument by chance.
    is_value = len(value) >= _TELLING_CHARACTERS and (argument == value or argument.endswith(f"={value}"))
    is_set = value != "" and argument.endswith(f"{name}={value}")
    return f"{argument[: -len(value)]}…" if is_value or is_set else argument
