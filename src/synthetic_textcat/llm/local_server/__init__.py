"""Local model: a GGUF file, served to one run by llama.cpp in a child process.

* `gguf` finds the file, reads its header and hashes its content,
* `__main__` is the child process: `python -m synthetic_textcat.llm.local_server --help`,
* `server` starts that process, awaits it, restarts it after a crash, and ends it,
* `spec` is the chat model specification of `conf/local_model`.
"""
