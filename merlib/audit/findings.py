"""The arithmetic of the five papers' published numbers: which can be, and under which definition, number by number.

Every finding is arithmetic on printed numbers and says nothing about how a number came about. A mean over folds, a
misprint and a number quoted from another study, with other clips and another definition, all look alike.
"""

from collections.abc import Callable

import pandas as pd

from merlib.audit import claims, comparisons, definitions, matrices, scores
from merlib.audit.counts import Finding

CHECKS: dict[str, tuple[Callable[[], list[Finding]], ...]] = {
    "class counts": (comparisons.class_counts,),
    "number of people": (comparisons.subjects,),
    "quoted number": (comparisons.quoted,),
    "accuracy": (scores.accuracies,),
    "accuracy and F1": (scores.f1_scores,),
    "WAR and UAR": (scores.recalls,),
    "row of a matrix": (matrices.micro_attention_rows, claims.shares),
    "score of a matrix": (matrices.micro_attention_scores, claims.pooled),
    "ranking": (definitions.ranking,),
    "sum over databases": (claims.sums,),
    "UAR and UF1 of a matrix": (claims.single,),
    "UAR of few clips": (claims.cas_me_2_uar,),
}


def findings() -> pd.DataFrame:
    """Every check applied to the published tables, one row per finding.

    Columns: check, a name in `CHECKS`; paper, table, what, arithmetic, verdict, agrees. `agrees` is boolean, missing if
    the paper leaves out what the check takes, such as the number of clips.
    """
    rows = [(check, *found) for check, parts in CHECKS.items() for part in parts for found in part()]
    return pd.DataFrame(rows, columns=["check", *Finding._fields]).astype({"agrees": "boolean"})
