"""The files of finished folds: one per fold and seed, sealed with a hash of its name and content."""

import warnings
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from merlib.cache.files import whole
from merlib.cache.fingerprint import fingerprint

SEAL = b"merlib_seal"  # in a fold's file: a hash of its name and content
SECONDS = b"merlib_seconds"  # in a fold's file: how long its training took


def store(frame: pd.DataFrame, path: Path, took: float) -> None:
    """Writes the predictions of a fold, sealed, and the seconds that its training took."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata({**table.schema.metadata, SEAL: _seal(path, frame), SECONDS: f"{took:.2f}"})
    with whole(path) as temporary:
        parquet.write_table(table, temporary)


def load(path: Path) -> pd.DataFrame:
    """A finished fold. Raises, among others, ValueError when the file is not the whole fold that it is named after."""
    with parquet.ParquetFile(path) as file:
        table = file.read()
    frame = table.to_pandas()
    if (table.schema.metadata or {}).get(SEAL) != _seal(path, frame):
        raise ValueError("its content is not what was stored under this name")
    return frame


def finished(path: Path) -> pd.DataFrame | None:
    """A fold finished before, or None; a damaged file is reported and its fold trained again."""
    if not path.exists():
        return None
    try:
        return load(path)
    except Exception as error:  # a flipped bit can end in an error of any kind
        warnings.warn(f"{path} is damaged ({error}): its fold is trained again", stacklevel=3)
        return None


def seconds(path: Path) -> float:
    """How long the training of a stored fold took, in seconds; 0 where its file does not say."""
    try:
        return float((parquet.read_schema(path).metadata or {}).get(SECONDS, 0))
    except ValueError:  # the seal covers the predictions alone
        return 0.0


def _seal(path: Path, frame: pd.DataFrame) -> bytes:
    rows = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return fingerprint(path.stem, list(frame.columns), [str(dtype) for dtype in frame.dtypes], rows).encode()
