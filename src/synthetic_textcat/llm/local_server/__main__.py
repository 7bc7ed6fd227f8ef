"""Child process that serves a GGUF file by llama.cpp, on loopback, until its standard input ends.

A crash of llama.cpp ends this process only. The parent holds the other end of standard input, which the system closes
however the parent ends: no server is left behind.
"""

import argparse
import os
import sys

READY = "listening on "
"""Beginning of the line on standard output that ends in the base URL for clients."""

KEY_VARIABLE = "LOCAL_SERVER_KEY"
"""The key that clients must send; unset = none. Not an option: command lines are readable by every user."""

_WARNINGS = 2
"""llama.cpp's log level, on standard error: warnings and errors."""


def main() -> None:
    """Loads the model, prints the address, and serves."""
    options = _options()
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.file
    params.model_alias = {options.name}
    params.port = options.port
    params.n_parallel = options.slots
    params.n_ctx = options.slots * options.context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.verbosity = _WARNINGS
    params.endpoint_metrics = True
    params.ui = False
    params.api_keys = [key] if (key := os.environ.get(KEY_VARIABLE)) else []
    server = xllamacpp.Server(params)
    print(f"{READY}{server.listening_address}/v1", flush=True)  # noqa: T201
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)  # nobody waits for the calls in flight


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m synthetic_textcat.llm.local_server", description=__doc__)
    parser.add_argument("file", help="GGUF file of a chat model")
    parser.add_argument("--name", default="local", help="name of the model in replies")
    parser.add_argument("--port", type=int, default=0, help="0 = a free one")
    parser.add_argument("--slots", type=int, default=2, help="calls at once")
    parser.add_argument("--context", type=int, default=4096, help="tokens of prompt and reply together, of each slot")
    parser.add_argument("--threads", type=int, default=-1, help="-1 = llama.cpp's choice")
    return parser.parse_args()


if __name__ == "__main__":
    main()
