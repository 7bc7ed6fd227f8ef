"""Hook around each `kedro` command of this environment, in any folder: no telemetry, and a next step outside a project.

Kedro finds it by the entry point `kedro.cli_hooks` of this package.
"""

import os
import sys
from pathlib import Path
from typing import Any

from kedro.framework.cli.hooks import cli_hook_impl
from kedro.utils import is_kedro_project

from synthetic_textcat.console import say

_ROOT = Path(__file__).parents[2]


class CommandHooks:
    """Keeps kedro-telemetry silent where it is installed, and refuses project commands outside a project."""

    @cli_hook_impl(tryfirst=True)
    def before_command_run(self, project_metadata: Any, command_args: list[str]) -> None:
        """Runs before kedro-telemetry asks for consent, which outside a project it takes for given.

        Raises:
            SystemExit: If the command needs a project and there is none here.
        """
        from kedro.framework.cli.cli import project_commands  # imports the hooks itself

        os.environ.setdefault("DO_NOT_TRACK", "true")
        command = next((word for word in command_args if not word.startswith("-")), "")
        if project_metadata is None and command in project_commands.lazy_subcommands:
            folder = _ROOT if is_kedro_project(_ROOT) else "FOLDER"
            line = f"Error: `kedro {command}` works in a project, and {Path.cwd()} is not in one. "
            say([f"{line}Next: change directory to the project, with `cd {folder}`"], err=True)
            sys.exit(1)


command_hooks = CommandHooks()
