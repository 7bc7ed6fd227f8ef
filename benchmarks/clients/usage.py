"""What this process has used so far."""

import ctypes
import gc
import resource
import sys
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_STATM = Path("/proc/self/statm")
_KIB = 1024


def usage() -> dict[str, Any]:
    """Processor seconds so far, and the peak of the resident memory in MiB."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": own.ru_utime + own.ru_stime, "peak_mib": _peak_mib(own.ru_maxrss)}


def resident_mib() -> float:
    """The resident memory now; 0 where there is no /proc."""
    return int(_STATM.read_text().split()[1]) * resource.getpagesize() / _KIB**2 if _STATM.exists() else 0.0


class Growth:
    """How much the resident memory grows past what it is when this begins."""

    def __init__(self) -> None:
        """Not begun."""
        self._start = self._most = 0.0

    def begin(self) -> None:
        """Gives back what is free already, for else the growth would hide in it."""
        gc.collect()
        if sys.platform == "linux":
            ctypes.CDLL(None).malloc_trim(0)
        self._start = self._most = resident_mib()

    def look(self) -> None:
        """Notes how much there is now."""
        self._most = max(self._most, resident_mib())

    @property
    def mib(self) -> float:
        """The growth to the highest point looked at."""
        return self._most - self._start


def _peak_mib(maxrss: int) -> float:
    """From VmHWM where there is one: Linux hands `ru_maxrss` down from the process that started this one."""
    if _STATUS.exists():
        lines = _STATUS.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / _KIB
    return maxrss / (_KIB**2 if sys.platform == "darwin" else _KIB)
