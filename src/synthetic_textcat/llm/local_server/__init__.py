"""Local model: a GGUF file, served to one run by llama.cpp in a child process.

* `gguf` finds the file, reads its header and hashes its content,
* `__main__` is the child process: `python -m synthetic_textcat.llm.local_server --help`,
* `server` starts that process, awaits it, restarts it after a crash, and ends it.

Its chat model specification is `chat_models/local_spec.py`.
"""
