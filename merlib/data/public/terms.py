"""What the user is told before public data is fetched: whose it is, what one may do with it, and how much there is."""

from pathlib import Path

import pandas as pd

from merlib.data.public import fetching, registry
from merlib.data.public.registry import Dataset, Repository

FREE = "you may use it at your own responsibility, and not pass it on"


def before(datasets: tuple[Dataset, ...], data_root: Path, copies: Path | None = None) -> str:
    """What the data sets hold, whose they are and what one may do with them, and how much is not there yet."""
    lines = [f"{dataset.name}: {dataset.content}" for dataset in datasets]
    repositories = dict.fromkeys(repository for dataset in datasets for repository in dataset.repositories)
    files = [file for dataset in datasets for file in dataset.files if not dataset.path(data_root, file).exists()]
    amount = f"{len(files):,} files, {_mb(sum(file.size for file in files))}"
    place = copies or "github.com"
    return "\n".join([*lines, "", *map(_terms, repositories), "", f"From {place} to {data_root}: {amount}"])


def overview(data_root: Path) -> str:
    """A table of all data sets: content, size, licence, and what of them is in `data_root`."""
    rows = [
        {
            "name": dataset.name,
            "content": dataset.content,
            "files": len(dataset.files),
            "size": _mb(dataset.size),
            "licence": " / ".join(dict.fromkeys(repo.licence or "none stated" for repo in dataset.repositories)),
            "there": _there(dataset, data_root),
        }
        for dataset in registry.datasets().values()
    ]
    table = pd.DataFrame(rows).to_markdown(index=False)
    size = _mb(sum(dataset.size for dataset in registry.datasets().values()))
    return f"{table}\n\n{registry.ALL}: all of them, {size}. Where {registry.NO_LICENCE}, {FREE}."


def _terms(repository: Repository) -> str:
    allowed = "keep the file LICENSE with it" if repository.licence else FREE
    where = f"github.com/{repository.name} at {repository.commit[:10]}"
    return f"{where}, by {repository.authors}\n  {repository.licensed}: {allowed}"


def _there(dataset: Dataset, data_root: Path) -> str:
    missing = len(fetching.missing(dataset, data_root))
    if not missing:
        return "all"
    return f"{len(dataset.files) - missing} of {len(dataset.files)}" if missing < len(dataset.files) else "nothing"


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"
