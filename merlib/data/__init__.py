"""What was filmed: clips with their annotation, read from a database."""

from merlib.data.clips import Clips
from merlib.data.databases import read

__all__ = ["Clips", "read"]
