"""Trained weights: our own pre-training, torchvision's, or a file that the user names. Loaded whole, or refused.

Only tensors are read (`weights_only`): a file that would run code is refused.
"""

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from merlib.cache.files import sha256, whole


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

    Raises WeightsError with the folder to put the file into when they cannot be downloaded.
    """
    wanted = torchvision.models.get_model_weights(architecture)["IMAGENET1K_V1"]
    path = Path(torch.hub.get_dir(), "checkpoints", wanted.url.rpartition("/")[2])
    try:
        wanted.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"torchvision's ImageNet weights of {architecture} cannot be downloaded ({error}). "
            f"Put {path.name} into {path.parent}, or choose other weights"
        ) from error
    return Weights(path, sha256(path), f"torchvision's {wanted}, {wanted.url}")


def from_file(file: str | Path) -> Weights:
    """Weights that the user has: a PyTorch file of tensors by name, alone or under the key `state_dict`.

    Raises WeightsError when there is no such file, or when it holds anything but tensors and plain values.
    """
    path = Path(file).expanduser().resolve()
    _read(path)
    return Weights(path, sha256(path), f"the file {path.name}")


def load(model: nn.Module, weights: Weights, without: Sequence[str] = ()) -> None:
    """Gives the model the weights. Tensors of the model whose name starts with one of `without` stay as they are.

    Raises WeightsError that lists every tensor that is missing, left over or of another shape, and when the file is no
    longer the one that `weights` was made from.
    """
    given = _kept(read(weights), without)
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


def stored(path: Path) -> Weights:
    """Weights that `keep` wrote."""
    return Weights(path, sha256(path), _read(path)["note"])


def _kept(state: dict[str, Tensor], without: Sequence[str]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.startswith(tuple(without))}


def _save(content: dict, path: Path) -> None:
    buffer = io.BytesIO()  # torch.save writes a file's name into the file, and the hash would depend on it
    torch.save(content, buffer)
    with whole(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def _read(path: Path) -> dict:
    """The content of a file of weights, under `state_dict`. Raises WeightsError."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"no file of weights {path}") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WeightsError(
            f"{path} is refused: not a PyTorch file of tensors alone, whole and safe to read ({reason})"
        ) from error
    content = content if isinstance(content, dict) and "state_dict" in content else {"state_dict": content}
    state = content["state_dict"]
    if not (isinstance(state, dict) and state and all(isinstance(tensor, Tensor) for tensor in state.values())):
        raise WeightsError(f"{path} holds no tensors by name, alone or under the key state_dict")
    return content
