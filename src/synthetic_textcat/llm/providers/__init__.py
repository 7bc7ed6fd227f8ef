"""Providers: errors, finish reasons, token counts and LangChain classes, as tables, and the code that reads them."""
