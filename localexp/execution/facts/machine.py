"""The machine that a run is on."""

from __future__ import annotations

import os
import sys

_ENOUGH_BYTES = 4096
_known: dict[str, object] = {}


def machine() -> dict[str, object]:
    """Its platform, kind, processor, number of cores and bytes of memory; what cannot be told is left out."""
    if not _known:
        _known.update({name: value for name, value in _looked_up().items() if value})
    return dict(_known)


def _looked_up() -> dict[str, object]:
    if sys.platform == "win32":
        return {
            "platform": "Windows {0.major}.{0.minor}.{0.build}".format(sys.getwindowsversion()),
            "machine": os.environ.get("PROCESSOR_ARCHITECTURE"),
            "cpu": os.environ.get("PROCESSOR_IDENTIFIER"),
            "cores": os.cpu_count(),
        }
    system = os.uname()
    return {
        "platform": f"{system.sysname} {system.release}",
        "libc": _libc(),
        "machine": system.machine,
        "cpu": _cpu_of_mac() if sys.platform == "darwin" else _cpu_of_linux(),
        "cores": os.cpu_count(),
        "memoryBytes": _memory(),
    }


def _libc() -> str | None:
    # Not everywhere: musl, and macOS, do not tell.
    return os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else None


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _cpu_of_linux() -> str | None:
    try:
        # Of a machine with many cores the whole takes the kernel a while.
        descriptor = os.open("/proc/cpuinfo", os.O_RDONLY)
        try:
            text = os.read(descriptor, _ENOUGH_BYTES).decode(errors="replace")
        finally:
            os.close(descriptor)
    except OSError:
        # Some containers have no /proc.
        return None
    models = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(models, None)


def _cpu_of_mac() -> str | None:
    import subprocess

    try:
        asked = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, check=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        # It is there on every Mac, and nothing depends on it.
        return None
    return asked.stdout.decode(errors="replace").strip()
