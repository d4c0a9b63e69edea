# make demo            look-alike data, every notebook, and a page with the tables and figures they made
# make demo PAPERS=mmnet
# make test            what continuous integration runs
# make test-fast       the tests without the slow ones and without the checks of make lint
# make test-faults     every kind of fault: kills, damaged files, bad input, a full disk
# make lab             the notebooks in JupyterLab
# make export          after editing a notebook: strip its outputs, write merlib/papers/
# make reference       the runs kept in git, from finished ones, and the README's figure and tables from them
#
# Whichever comes first installs everything in .venv. Another Python: make demo PYTHON=python3.12

PYTHON ?= python3
PAPERS ?=
# make test CONSTRAINTS=    the newest versions of all packages, in a new .venv
CONSTRAINTS ?= -c constraints.txt

bin := .venv/bin
installed := .venv/installed

# what nbdev-export does, without its rewriting of merlib/__init__.py and its index files
nb_export := from glob import glob; from nbdev.export import nb_export as export; \
	[export(path) for path in sorted(glob("notebooks/*.ipynb"))]

.PHONY: demo lint test test-fast test-faults lab export reference data

demo: data
	$(bin)/merlib run $(PAPERS) --profile demo

lint: $(installed)
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/lint-imports
	$(bin)/codespell
	$(bin)/mypy

# in two processes, the tests of one file together; those of tests/faults fork, and a process that xdist starts must not
test: lint
	$(bin)/pytest tests/faults
	$(bin)/pytest -n 2 --dist loadfile --ignore tests/faults

test-fast: $(installed)
	$(bin)/pytest -m "not slow and not faults"

# make test-faults FAULTS_SEED=7    the random moments of an earlier one, which printed its seed
test-faults: $(installed)
	$(bin)/pytest tests/faults -m "" $(if $(FAULTS_SEED),--faults-seed $(FAULTS_SEED))

lab: data
	$(bin)/jupyter lab notebooks/00_start_here.ipynb

export: $(installed)
	$(bin)/jupyter nbconvert --clear-output --inplace notebooks/*.ipynb notebooks/solutions/*.ipynb
	$(bin)/nbdev-clean
	$(bin)/python -c '$(nb_export)'

reference: $(installed)
	$(bin)/python -m merlib.site.reference_runs

data: $(installed)
	$(bin)/merlib check
	$(bin)/merlib data synth --profile demo

$(installed): pyproject.toml constraints.txt
	$(PYTHON) -I merlib/runs/machine.py --install
	$(PYTHON) -m venv .venv
	$(bin)/pip install $(CONSTRAINTS) -e ".[dev]"
	touch $@
