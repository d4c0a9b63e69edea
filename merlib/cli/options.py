"""What several commands share: options, and how a command that cannot go on ends."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

Profile = Annotated[
    str,
    typer.Option(help="smoke (seconds), demo (minutes), reference (trained until it learns) or paper (its settings)."),
]
DataRoot = Annotated[
    Path | None, typer.Option(help="The folder that holds the database folders.", show_default="data/ of the project")
]


def fail(message: str) -> NoReturn:
    """Ends the command with a message on stderr and exit code 1."""
    print(message, file=sys.stderr)
    raise typer.Exit(1)
