"""Reads a journal's index in a process that does nothing else. Prints one line of JSON."""

import json
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.clients.usage import usage
from synthetic_textcat.llm.journal.journal import Journal


def main(path: Path) -> None:
    """Times the index; the peak memory is the whole process's."""
    begun = perf_counter()
    journal = Journal(path)
    seconds = perf_counter() - begun
    print(json.dumps({"lines": len(journal), "seconds": seconds, **usage()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
