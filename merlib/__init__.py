"""Reproducing micro-expression recognition papers: the library under the notebooks."""

__version__ = "0.1.0"
