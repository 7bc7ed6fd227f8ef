"""Self-contained HTML pages and Markdown: shared style, tables and filters of all reports."""

from synthetic_textcat.pages.rendering import as_code, render_markdown, render_page

__all__ = ["as_code", "render_markdown", "render_page"]
