"""Predictions tables with results that can be told beforehand."""

import numpy as np
import pandas as pd

from merlib.data.source import Source

FIVE = ("happiness", "disgust", "repression", "surprise", "others")
THREE = ("positive", "negative", "surprise")
LOOK_ALIKE = Source("look-alike data (merlib data synth, profile demo, seed 0)", look_alike=True)


def made(right, classes=FIVE, experiment="mmnet", database="casme2", scheme="casme2-5", source=LOOK_ALIKE):
    """`right[seed][epoch][subject]`: how many of a subject's clips, one a class, are recognised after that epoch.

    A clip that is not recognised is taken for the class after its own.
    """
    rows = []
    for seed, epochs in right.items():
        for epoch, subjects in enumerate(epochs, 1):
            for subject, num_right in enumerate(subjects):
                for i, target in enumerate(classes):
                    logits = np.eye(len(classes))[i if i < num_right else (i + 1) % len(classes)]
                    rows.append(
                        {"seed": seed, "epoch": epoch, "fold": f"{database}/{subject:03d}", "clip": f"EP{i}"}
                        | {"subject": f"{database}/{subject:03d}", "target": target, "train_loss": 1 / epoch + subject}
                        | {f"logit_{name}": logit for name, logit in zip(classes, logits, strict=True)}
                    )
    run = {"experiment": experiment, "database": database, "scheme": scheme, "part": "test"}
    run |= {"source": source.text, "look_alike": source.look_alike}
    return pd.DataFrame(rows).assign(**run)
