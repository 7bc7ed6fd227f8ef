"""JSON as the standard has it (RFC 8259): `NaN` and `Infinity`, which Python reads and writes, are errors."""

import json
from pathlib import Path
from typing import Any, NoReturn


def strictly_parsed(path: Path) -> Any:
    """Content of a JSON file, or an error that names the file."""

    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{path} is no JSON: it has {constant}")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
