"""Offline model, the default: it writes from templates, without key, network or weights.

English texts fit task and label. German, French, Spanish, Turkish, Chinese, Arabic and Hindi have grammars of everyday
topics, one for each label; other languages get placeholder words. All modules but `model` are pure and don't import
LangChain, so that their tests are fast:

* `grammar` loads and expands the grammars, `writer` composes texts from them, `orthography` knows spaces and capitals,
* `other_languages` chooses topics in other languages than English, `placeholder` has words for those without a grammar,
* `prompt_reader` finds task, labels, language and attributes in a prompt,
* `marks` numbers the labels of placeholders, `lexicon` knows the words of each label, `judge` gives verdicts by both,
* `defects` injects defects,
* `replies` combines these, and lists tasks and labels,
* `model` is the LangChain chat model.
"""
