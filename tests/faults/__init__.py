"""What goes wrong on purpose, and what must then be seen: kills, damaged files, bad input, wrong commands, a full disk.

Every test module holds tables of kinds. A kind is one row: its name, what is done, and what must be seen. To add one,
add a row; if it needs seconds, name it among the module's slow ones.

- `toy_paper`: a project with a tiny paper and clips. It uses all that a real one uses: the caches of frames, derived
  arrays, weights and folds, worker processes, tables and figures.
- `processes`: a `merlib` command as a process, all that it started, and a way to stop it at its n-th written file.
- `checks`: what holds after every fault. Nothing finished is lost, a repetition has the same bits, no process and no
  temporary file is left, and a message has place and remedy.

`make test` runs the fast kinds, `make test-faults` all of them. Random moments and places come from a seed that pytest
prints; `pytest tests/faults -m "" --faults-seed N` repeats them.
"""
