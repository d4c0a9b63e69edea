"""Trained weights: our own pre-training, torchvision's, or a file that the user names. Loaded whole, or refused.

Only tensors are read (`weights_only`): a file that would run code is refused.
"""

import io
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from merlib.cache.files import sha256, whole

_DTYPES = (
    torch.float16, torch.bfloat16, torch.float32, torch.float64,
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
)  # fmt: skip
_ACCEPTED = (
    "Accepted is what torch.save(network.state_dict(), file) writes: dense tensors of finite real numbers by name, "
    "alone or under the key state_dict"
)


class WeightsError(ValueError):
    """A file of weights that cannot be had, is unsafe, or does not fit; the message lists all that is wrong."""


@dataclass(frozen=True)
class Weights:
    """A file of tensors by name and its hash; `note` says what it was trained on and how well that went."""

    file: Path
    sha256: str
    note: str

    def __fingerprint__(self) -> str:
        """The content alone counts: the same weights elsewhere on the disk train nothing again."""
        return self.sha256


def imagenet(architecture: str) -> Weights:
    """torchvision's ImageNet weights of `architecture` ("resnet18"), downloaded to torch's cache unless they are there.

    Raises WeightsError with the folder to put the file into when they cannot be downloaded, and as `from_file`.
    """
    wanted = torchvision.models.get_model_weights(architecture)["IMAGENET1K_V1"]
    path = Path(torch.hub.get_dir(), "checkpoints", wanted.url.rpartition("/")[2])
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(wanted.url, str(path), path.stem.rpartition("-")[2], progress=False)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"torchvision's ImageNet weights of {architecture} cannot be downloaded ({error}). "
            f"Put {path.name} into {path.parent}, or choose other weights"
        ) from error
    _read(path)
    return Weights(path, sha256(path), f"torchvision's {wanted}, {wanted.url}")


def from_file(file: str | Path) -> Weights:
    """Weights that the user has: a PyTorch file of tensors by name, alone or under the key `state_dict`.

    Raises WeightsError when there is no such file, when it is damaged, and when it holds more than dense tensors of
    finite real numbers by name. The message names the tensors and says what is accepted.
    """
    path = Path(file).expanduser().resolve()
    _read(path)
    return Weights(path, sha256(path), f"the file {path.name}")


def load(model: nn.Module, weights: Weights, without: Sequence[str] = (), renamed: Callable[[str], str] = str) -> None:
    """Gives the model the weights. Tensors of the model whose name starts with one of `without` stay as they are.

    `renamed` maps a tensor's name in the file to its name in the model.
    Raises WeightsError that lists every tensor that is missing, left over or of another shape, and when the file is no
    longer the one that `weights` was made from.
    """
    given = _kept({renamed(name): tensor for name, tensor in read(weights).items()}, without)
    wanted = _kept(model.state_dict(), without)
    faults = [f"missing: {name}" for name in wanted.keys() - given.keys()]
    faults += [f"not in the model: {name}" for name in given.keys() - wanted.keys()]
    faults += [
        f"{name}: shape {tuple(given[name].shape)}, the model has {tuple(wanted[name].shape)}"
        for name in wanted.keys() & given.keys()
        if given[name].shape != wanted[name].shape
    ]
    if faults:
        raise WeightsError("\n  ".join([f"{weights.file} does not fit the model:", *sorted(faults)]))
    model.load_state_dict(given, strict=False)


def read(weights: Weights) -> dict[str, Tensor]:
    """The tensors by name. Raises WeightsError when the file is no longer the one that `weights` was made from."""
    if (found := sha256(weights.file)) != weights.sha256:
        raise WeightsError(f"{weights.file} has changed: its SHA-256 is {found}, expected {weights.sha256}")
    return _read(weights.file)["state_dict"]


def keep(state: dict[str, Tensor], path: Path, note: str) -> Weights:
    """Writes tensors by name to a file, whole or not at all; the same tensors and note give the same bytes."""
    _save({"note": note, "state_dict": state}, path)
    return Weights(path, sha256(path), note)


def stored(path: Path) -> Weights | None:
    """Weights that `keep` wrote; None if there are none, and for a damaged file, which is reported."""
    if not path.exists():
        return None
    try:
        return Weights(path, sha256(path), _read(path)["note"])
    except (WeightsError, KeyError, OSError):
        warnings.warn(f"{path} is damaged: its weights are made again", stacklevel=2)
        return None


def _kept(state: dict[str, Tensor], without: Sequence[str]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.startswith(tuple(without))}


def _save(content: dict, path: Path) -> None:
    buffer = io.BytesIO()  # torch.save writes a file's name into the file, and the hash would depend on it
    torch.save(content, buffer)
    with whole(path, needed=buffer.tell()) as temporary:
        temporary.write_bytes(buffer.getvalue())


def _read(path: Path) -> dict:
    """The content of a file of weights, under `state_dict`. Raises WeightsError."""
    start = _start(path)
    try:
        _check_sums(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # of any kind, as bytes of any kind are read; torch's own text advises to read unsafely
        raise WeightsError(f"{path} is refused: {_reason(start)}. {_ACCEPTED}") from None
    content = content if isinstance(content, dict) and "state_dict" in content else {"state_dict": content}
    _check_tensors(content["state_dict"], path)
    return content


def _check_sums(path: Path) -> None:
    """Raise zipfile.BadZipFile where a record of the file's own checksums does not match: torch does not look at them."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as records:
            # all 0: written without, by torch.serialization.set_crc32_options(False)
            if any(record.CRC for record in records.infolist()) and (damaged := records.testzip()):
                raise zipfile.BadZipFile(damaged)


def _start(path: Path) -> bytes:
    """The first bytes of a file, by which its kind is told. Raises WeightsError when it cannot be opened."""
    try:
        with path.open("rb") as file:
            return file.read(4)
    except FileNotFoundError:
        raise WeightsError(f"no file of weights {path}") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from error


def _reason(start: bytes) -> str:
    if start == b"PK\x03\x04" or start[:1] == b"\x80":  # of PyTorch's format, and of the one before 1.6
        return "it is truncated or damaged, or holds objects that could run code as they are read"
    return "it is not a PyTorch file" if start else "it is empty"


def _check_tensors(state: object, path: Path) -> None:
    if not (isinstance(state, dict) and any(isinstance(tensor, Tensor) for tensor in state.values())):
        raise WeightsError(f"{path} holds no tensors by name, alone or under the key state_dict. {_ACCEPTED}")
    if faults := [f"{name!r}: {fault}" for name, tensor in state.items() if (fault := _fault(name, tensor))]:
        raise WeightsError("\n  ".join([f"{path} is refused. {_ACCEPTED}. Not so here:", *faults]))


def _fault(name: object, tensor: object) -> str:
    """What is wrong with one entry of a file; empty if nothing is."""
    if not isinstance(name, str):
        return f"its name is of type {type(name).__name__}, not text"
    if not isinstance(tensor, Tensor):
        return f"of type {type(tensor).__name__}, not a tensor"
    if tensor.is_meta:
        return "a tensor on the device meta, which has no numbers"
    if tensor.layout != torch.strided or tensor.is_nested or tensor.dtype not in _DTYPES:
        return f"a tensor of {tensor.layout}, {tensor.dtype}{', nested' * tensor.is_nested}"
    held = tensor.untyped_storage().nbytes() // tensor.element_size()
    if tensor.numel() > held:  # expanded: a few numbers can claim to be more than the memory holds
        tensor = tensor.as_strided((held,), (1,), 0)
    not_finite = int((~tensor.isfinite()).sum())
    return f"{not_finite} of {tensor.numel()} numbers are NaN or infinite" if not_finite else ""
