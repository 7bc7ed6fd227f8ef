"""Standard streams that are closed when the process starts (`kedro run >&-`) lead nowhere instead.

A closed one is None in Python, which logging does not expect. And the next file that is opened would get its number:
what a library or a child process prints would then go into that file, which may be the journal.
"""

import os
import sys
from pathlib import Path

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def reopen_closed_streams() -> None:
    """Opens the null device in place of each stream that is closed."""
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the system gives it the lowest free number
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  for as long as we live
