"""`kedro viz run` that ends with its server, without the look-up of newer versions of Kedro-Viz.

Without an answer from PyPI, Kedro-Viz compares its own version with the text "None", and shows "Kedro-Viz None is
here!". It has no switch for the look-up. The server is a process of its own, which imports this module too.

A SIGTERM that ends the command leaves that process running, and its port taken: multiprocessing ends no child of a
process that a signal kills. So the command ends its children first.
"""

import multiprocessing
import os
import signal
import sys
from types import FrameType

from kedro.framework.cli import main
from kedro_viz.integrations import pypi
from packaging.version import Version

_LONGEST_END_S = 5.0  # for requests that are being answered


def installed_version() -> Version:
    """The installed version, as if it was the newest."""
    return Version(pypi.__version__)


def end_with_children() -> None:
    """Makes SIGTERM end this process's children before it ends the process."""
    signal.signal(signal.SIGTERM, _end_children)


def _end_children(number: int, _: FrameType | None) -> None:
    children = multiprocessing.active_children()
    for child in children:
        child.terminate()
    for child in children:
        child.join(_LONGEST_END_S)
        child.kill()
        child.join()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


pypi.get_latest_version = installed_version

if __name__ == "__main__":
    end_with_children()
    sys.argv = ["kedro", "viz", "run", *sys.argv[1:]]
    main()
