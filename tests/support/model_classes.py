"""Paths of the two chat-model classes of our own catalogs: the offline model and ChatOpenAI."""

OFFLINE_CLASS = "synthetic_textcat.llm.offline.model.OfflineTemplateModel"
OPENAI_CLASS = "langchain_openai.ChatOpenAI"
