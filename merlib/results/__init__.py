"""From predictions to numbers and pictures."""

from merlib.results.artifacts import Record
from merlib.results.rendering import Table

__all__ = ["Record", "Table"]
