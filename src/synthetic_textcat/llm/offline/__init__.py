"""Offline model, the default: it writes English from templates, without key, network or weights.

It writes English in any language that is asked for, since it does not fake translations. All modules but `model` are
pure and don't import LangChain, so that their tests are fast:

* `grammar` loads and expands the grammars, `writer` composes texts from them,
* `prompt_reader` finds task, labels and attributes in a prompt,
* `defects` injects defects,
* `replies` combines these, and lists tasks and labels,
* `model` is the LangChain chat model.
"""
