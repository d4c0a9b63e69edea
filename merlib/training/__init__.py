"""Who is left out, one fold, all folds."""

from merlib.training.experiments import Experiment, pretrain
from merlib.training.loop import Settings, best_device

__all__ = ["Experiment", "Settings", "best_device", "pretrain"]
