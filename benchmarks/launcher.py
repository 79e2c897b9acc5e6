"""Start a program, and print the seconds that it took, its peak memory in bytes, and its seconds of a core.

This is its own small program because Linux counts the peak of whoever starts a process as one of that process.
"""

import os
import sys
from time import perf_counter


def main(command: list[str]) -> None:
    started = perf_counter()
    process = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    seconds = perf_counter() - started
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(seconds, peak, usage.ru_utime + usage.ru_stime)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1:])
