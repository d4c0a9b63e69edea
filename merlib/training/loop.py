"""Fits one fold, on GPU or CPU, and records the logits of its test clips after every epoch.

On the CPU a fold runs in one thread: its result is then the same, bit for bit, alone or beside other folds, and several
folds at a time use the cores better than one fold on all of them.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from merlib import reproducible

if TYPE_CHECKING:
    from merlib.training.splits import Fold

THREADS_PER_FOLD = 1
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": lambda parameters, **options: torch.optim.SGD(parameters, momentum=0.9, **options),
}
PRECISIONS = ("bf16", "float32")

Inputs = np.ndarray | Tensor | dict[str, np.ndarray] | dict[str, Tensor]  # first axis: the clip
Batch = Tensor | dict[str, Tensor]
Prepare = Callable[[Batch, torch.Generator, bool], Tensor | tuple[Tensor, ...]]
Loss = Callable[[Tensor | tuple, Tensor], Tensor]


class TrainingDiverged(ArithmeticError):
    """The loss or the logits are no longer finite."""


@dataclass(frozen=True)
class Settings:
    """How a model is trained. Raises ValueError that lists every value out of range.

    The learning rate is multiplied by `lr_decay` after every `decay_every` epochs, up to epoch `decay_until` if given:
    0.987 with 1 and 50 is an exponential decay over 50 epochs, 0.1 with 10 is a tenth every ten epochs.
    `optimizer`: one of `OPTIMIZERS`; sgd has a momentum of 0.9. `precision`: with bf16, training steps use autocast and
    channels last, while weights, losses and test logits stay float32. In the reproducible mode it is always float32.
    """

    num_epochs: int
    batch_size: int
    lr: float
    weight_decay: float = 0.0
    optimizer: str = "adamw"
    lr_decay: float = 1.0
    decay_every: int = 1
    decay_until: int | None = None
    precision: str = "bf16"

    def __post_init__(self) -> None:
        rules = {
            "num_epochs, batch_size and decay_every: whole numbers from 1": all(
                isinstance(value, int) and value >= 1 for value in (self.num_epochs, self.batch_size, self.decay_every)
            ),
            "lr and lr_decay: above 0": self.lr > 0 and self.lr_decay > 0,
            "weight_decay: 0 or more": self.weight_decay >= 0,
            f"optimizer: one of {', '.join(OPTIMIZERS)}": self.optimizer in OPTIMIZERS,
            f"precision: one of {', '.join(PRECISIONS)}": self.precision in PRECISIONS,
        }
        if broken := [rule for rule, kept in rules.items() if not kept]:
            raise ValueError(f"{self} breaks: {'; '.join(broken)}")
        if reproducible.is_on():
            object.__setattr__(self, "precision", "float32")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Settings":
        """The settings among `values`, which may hold others."""
        return cls(**{name: value for name, value in values.items() if name in cls.__dataclass_fields__})

    def lr_at(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 1."""
        finished = epoch - 1 if self.decay_until is None else min(epoch - 1, self.decay_until)
        return self.lr * self.lr_decay ** (finished // self.decay_every)


@dataclass(frozen=True, eq=False)
class FoldResult:
    """A fold's logits float32 (num_epochs, n_test, num_classes), mean train_loss (num_epochs,), the model."""

    logits: np.ndarray
    train_loss: np.ndarray
    model: nn.Module


def as_float(batch: Batch, generator: torch.Generator, training: bool) -> Tensor | tuple[Tensor, ...]:
    """The default `prepare`: uint8 becomes float32 in 0..1; of a dict, its tensors in their order. No augmentation."""
    scaled = _each(batch, lambda tensor: tensor / 255 if tensor.dtype == torch.uint8 else tensor)
    return tuple(scaled.values()) if isinstance(scaled, dict) else scaled


def cross_entropy(output: Tensor | tuple, y: Tensor) -> Tensor:
    """The default `loss`: cross-entropy of the logits. They are the output, or the first item of a tuple."""
    return F.cross_entropy(_logits(output), y)


def fit(
    build: Callable[[int], nn.Module],
    X: Inputs,
    y: np.ndarray,
    fold: "Fold",
    num_classes: int,
    settings: Settings,
    seed: int,
    prepare: Prepare = as_float,
    loss: Loss = cross_entropy,
) -> FoldResult:
    """Train `build(num_classes)` on `fold.train` and record the logits of `fold.test` after every epoch.

    `X`: one array or a dict of arrays, first axis = clip. `prepare(batch, generator, training)` gets a batch of it on
    the device, in the stored dtype; it normalises the batch, augments it while training, and returns the model's input
    or a tuple of its inputs. The model returns logits (B, num_classes) or a tuple that starts with them. A last
    training batch of one clip joins the batch before it, because batch normalisation needs at least two. The caller's
    random state stays as it was. Raises TrainingDiverged at the first epoch that is not finite.
    """
    device = best_device()
    with _reproducible(seed, device):
        model = build(num_classes).to(device)
        trainer = _Trainer(
            model, _resident(X, device), torch.as_tensor(y, device=device), settings, seed, prepare, loss
        )
        losses, logits = [], []
        for epoch in range(1, settings.num_epochs + 1):
            losses.append(trainer.train_epoch(fold.train, settings.lr_at(epoch)))
            logits.append(trainer.predict(fold.test))
            broken = (~np.isfinite(logits[-1])).any(axis=1).sum()
            if broken or not math.isfinite(losses[-1]):
                raise TrainingDiverged(
                    f"fold {fold.name}, epoch {epoch}: the training loss is {losses[-1]}, "
                    f"{broken} of {len(fold.test)} test clips have no finite logits"
                )
    return FoldResult(np.stack(logits), np.array(losses), model.eval())


def best_device() -> torch.device:
    """The GPU if there is one, else the CPU; in the reproducible mode the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() and not reproducible.is_on() else "cpu")


class _Trainer:
    """A model in training: its optimiser, its inputs and the fold's own random generator."""

    def __init__(self, model, X, y, settings, seed, prepare, loss):
        self.model, self.X, self.y, self.settings, self.prepare, self.loss = model, X, y, settings, prepare, loss
        self.bf16 = settings.precision == "bf16"
        # bfloat16 kernels are fastest with channels last; float32 gains little, and loses with few channels
        self.layout = torch.channels_last if self.bf16 else torch.contiguous_format
        for parameter in model.parameters():
            parameter.data = _laid_out(parameter.data, self.layout)
        self.generator = torch.Generator(y.device).manual_seed(seed)
        self.optimizer = OPTIMIZERS[settings.optimizer](
            [parameter for parameter in model.parameters() if parameter.requires_grad],
            lr=settings.lr,
            weight_decay=settings.weight_decay,
            fused=True,
        )

    def train_epoch(self, train: np.ndarray, lr: float) -> float:
        """One pass over the training clips in a new order; returns their mean loss."""
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        total = torch.zeros((), device=self.y.device)
        for index in self._shuffled(train):
            loss = self.loss(self._output(index, training=True), self.y[index])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(index)  # no .item() here: it would wait for the device at every step
        return total.item() / len(train)

    @torch.no_grad()
    def predict(self, test: np.ndarray) -> np.ndarray:
        """Logits float32 (n_test, num_classes)."""
        self.model.eval()
        batches = torch.as_tensor(test, device=self.y.device).split(self.settings.batch_size)
        return torch.cat([_logits(self._output(index, training=False)) for index in batches]).cpu().numpy()

    def _shuffled(self, train: np.ndarray) -> list[Tensor]:
        order = torch.randperm(len(train), generator=self.generator, device=self.y.device)
        batches = list(torch.as_tensor(train, device=self.y.device)[order].split(self.settings.batch_size))
        if len(batches) > 1 and len(batches[-1]) == 1 < self.settings.batch_size:
            batches[-2:] = [torch.cat(batches[-2:])]
        return batches

    def _output(self, index: Tensor, training: bool) -> Tensor | tuple:
        device = self.y.device
        batch = _each(self.X, lambda tensor: tensor.index_select(0, index.to(tensor.device)).to(device))
        inputs = self.prepare(batch, self.generator, training)
        inputs = inputs if isinstance(inputs, tuple) else (inputs,)
        inputs = [_laid_out(tensor, self.layout) for tensor in inputs]
        # for training only: bfloat16 keeps three digits, so test logits would often tie
        with torch.autocast(device.type, torch.bfloat16, enabled=training and self.bf16):
            output = self.model(*inputs)
        return tuple(item.float() for item in output) if isinstance(output, tuple) else output.float()


def _logits(output: Tensor | tuple) -> Tensor:
    return output[0] if isinstance(output, tuple) else output


def _each(X: Inputs, function: Callable) -> Tensor | dict[str, Tensor]:
    return {name: function(value) for name, value in X.items()} if isinstance(X, dict) else function(X)


def _resident(X: Inputs, device: torch.device) -> Tensor | dict[str, Tensor]:
    """X in its dtype: on the device if it takes at most half of the free memory, else on the host, moved by batch."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # memory-mapped, and only read here
        tensors = _each(X, torch.as_tensor)
    size = sum(tensor.nbytes for tensor in (tensors.values() if isinstance(tensors, dict) else [tensors]))
    fits = device.type == "cpu" or size <= torch.cuda.mem_get_info(device)[0] / 2
    return _each(tensors, lambda tensor: tensor.to(device)) if fits else tensors


def _laid_out(tensor: Tensor, layout: torch.memory_format) -> Tensor:
    """Images and the weights of 2-D convolutions in a layout; anything else as it is."""
    return tensor.contiguous(memory_format=layout) if tensor.ndim == 4 else tensor


@contextmanager
def _reproducible(seed: int, device: torch.device) -> Iterator[None]:
    """A random state of its own from `seed`, and a fixed number of CPU threads; both put back afterwards."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        torch.set_num_threads(THREADS_PER_FOLD)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
