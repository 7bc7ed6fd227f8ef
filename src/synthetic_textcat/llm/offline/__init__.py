"""The default model: a writer of English templates that needs no key, no network and no weights.

It writes English whatever language is asked, for it does not fake translations. The parts are pure; only `model`
knows LangChain, so that what a test asks of the parts costs no such import:

* `grammar` loads the grammars and expands them, `writer` makes texts of them,
* `prompt_reader` finds task, labels and attributes in a prompt by their values,
* `defects` injects faults,
* `replies` ties these together, and answers with tasks,
* `model` is the chat model.
"""
