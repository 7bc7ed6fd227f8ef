"""HTML pages that open from disk, with no network: what all reports share of style, tables and filters."""

from synthetic_textcat.pages.rendering import render_page

__all__ = ["render_page"]
