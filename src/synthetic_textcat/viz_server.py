"""`kedro viz run` without its look-up of newer versions of Kedro-Viz.

Without an answer from PyPI, Kedro-Viz compares its own version with the text "None", and shows "Kedro-Viz None is
here!". It has no switch for the look-up. The server is a process of its own, which imports this module too.
"""

import sys

from kedro.framework.cli import main
from kedro_viz.integrations import pypi
from packaging.version import Version


def installed_version() -> Version:
    """The installed version, as if it was the newest."""
    return Version(pypi.__version__)


pypi.get_latest_version = installed_version

if __name__ == "__main__":
    sys.argv = ["kedro", "viz", "run", *sys.argv[1:]]
    main()
