"""Where data is from, and whether it was drawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from merlib import paths

LOOK_ALIKE = "look-alike data"  # how the note in the folder of a drawn database begins


@dataclass(frozen=True)
class Source:
    """The origin of clips: a text for the reader, and `look_alike` for drawn data."""

    text: str = ""
    look_alike: bool = False

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of_folder(cls, folder: Path, otherwise: str) -> "Source":
        """What the note SOURCE.txt in a database's folder says; `otherwise` where there is no such note."""
        note = folder / paths.SOURCE
        if not note.is_file():
            return cls(otherwise)
        text = " ".join(note.read_text(encoding="utf-8").split())
        return cls(text, text.startswith(LOOK_ALIKE))

    @classmethod
    def of_predictions(cls, *predictions: pd.DataFrame) -> "tuple[Source, ...]":
        """The sources of predictions as `Experiment.run` returns them, each once."""
        pairs = (frame[["source", "look_alike"]].drop_duplicates() for frame in predictions)
        found = [cls(text, bool(drawn)) for frame in pairs for text, drawn in frame.itertuples(index=False, name=None)]
        return tuple(dict.fromkeys(found))

    @classmethod
    def joined(cls, sources: "Iterable[Source]") -> "Source":
        """One source for clips of several; drawn if one of them is."""
        several = tuple(dict.fromkeys(sources))
        return cls("; ".join(source.text for source in several), any(source.look_alike for source in several))
