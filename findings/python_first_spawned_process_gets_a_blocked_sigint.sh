#!/bin/sh
# The first process that multiprocessing spawns from a thread in which SIGINT is blocked has it unblocked, and so has the thread.
#
# Expected: a blocked signal is inherited by threads and processes, so with SIGINT blocked around `Process.start()` no child is
# hit by the Ctrl-C that a terminal sends to all processes of a command; and the thread's mask is what it was.
# Seen: the first start() also starts Python's resource tracker, which blocks SIGINT and SIGTERM for a moment and then unblocks
# both, whatever they were. The first child and the thread itself get the signal; the second child, after blocking it again,
# does not. With `resource_tracker.ensure_running()` before the block all is as expected. Python 3.11, by its standard library.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/finding.py" <<'PYTHON'
import multiprocessing
import signal
import sys
from multiprocessing import resource_tracker


def report():
    sys.exit(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def blocked_in_child_and_here():
    context = multiprocessing.get_context("spawn")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    child = context.Process(target=report)
    child.start()
    here = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    child.join()
    return bool(child.exitcode), here


if __name__ == "__main__":
    print("python", sys.version.split()[0])
    if sys.argv[1:]:
        resource_tracker.ensure_running()
        found = [blocked_in_child_and_here()]
    else:
        found = [blocked_in_child_and_here(), blocked_in_child_and_here()]
    print("SIGINT blocked in (child, thread):", *found, "with the tracker started before" if sys.argv[1:] else "")
    sys.exit(found != ([(True, True)] if sys.argv[1:] else [(False, False), (True, True)]))
PYTHON
python3 "$folder/finding.py"
python3 "$folder/finding.py" before
