"""Passes of one command: the state that `kedro run` and the hooks share while a quota is filled."""

from dataclasses import dataclass


@dataclass(slots=True)
class CommandPasses:
    """Passes of the pipeline within one `kedro run`: the command counts them, hooks note whether rows are lacking.

    Attributes:
        number: Number of the current pass; 0 outside a command. `session.run` makes one pass and no other.
        round: Rounds planned so far; 0 without a quota.
        lacks_rows: Whether this pass leaves cells short that another pass can fill.
    """

    number: int = 0
    round: int = 0
    lacks_rows: bool = False

    @property
    def follows(self) -> bool:
        """Whether the same command made a pass before this one."""
        return self.number > 1

    @property
    def goes_on(self) -> bool:
        """Whether the command makes another pass."""
        return self.number > 0 and self.lacks_rows


COMMAND_PASSES = CommandPasses()
"""The command's own, which `settings.py` hands to the hooks."""
