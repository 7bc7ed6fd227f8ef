"""LangChain's provider classes against loopback servers that speak each vendor's wire format; `make providers`."""
