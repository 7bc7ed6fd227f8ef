"""Redaction of what this process itself says: errors, log lines, the terminal, MLflow."""

import re

from synthetic_textcat.redaction.registry import MASK, mask
from synthetic_textcat.redaction.sources import learn_environment

_USERINFO = re.compile(r"(?<=://)[^/?#@\s]+@")


def redact(text: str) -> str:
    """The text without known secrets, those of the environment as it is now, and the userinfo of any address."""
    learn_environment()
    return _USERINFO.sub(f"{MASK}@", mask(text))
