"""What the layers of a network give: the table that the notebooks show beside a paper's sizes."""

import pandas as pd
import torch
from torch import nn


def of(model: nn.Module, *inputs: torch.Tensor) -> pd.DataFrame:
    """What a forward pass on `inputs` goes through: one row per module, in the order of the first calls.

    Index: the module's name, "" the model itself. Columns: type, output shape (of the last call; of several outputs a
    tuple of shapes), parameters (with those of the modules inside), calls. Runs in evaluation mode, which is not kept.
    """
    seen: dict[str, dict] = {}
    hooks = []
    for name, module in model.named_modules():
        hooks.append(module.register_forward_pre_hook(lambda module, _, name=name: _enter(seen, name, module)))
        hooks.append(
            module.register_forward_hook(lambda *call, name=name: seen[name].update({"output shape": _shape(call[2])}))
        )
    training = {module: module.training for module in model.modules()}
    try:
        with torch.no_grad():
            model.eval()(*inputs)
    finally:
        for module, mode in training.items():
            module.training = mode
        for hook in hooks:
            hook.remove()
    return pd.DataFrame.from_dict(seen, orient="index").rename_axis("module")


def _enter(seen: dict[str, dict], name: str, module: nn.Module) -> None:
    parameters = sum(parameter.numel() for parameter in module.parameters())
    row = {"type": type(module).__name__, "output shape": (), "parameters": parameters, "calls": 0}
    seen.setdefault(name, row)["calls"] += 1


def _shape(output: object) -> tuple:
    if isinstance(output, torch.Tensor):
        return tuple(output.shape)
    return tuple(_shape(part) for part in output) if isinstance(output, (tuple, list)) else ()
