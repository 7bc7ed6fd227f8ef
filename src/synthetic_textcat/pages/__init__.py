"""Pages that open from disk, with no network: what all reports share of style, tables and filters; and Markdown."""

from synthetic_textcat.pages.rendering import render_markdown, render_page

__all__ = ["render_markdown", "render_page"]
