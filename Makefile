# make demo            look-alike data, every notebook, and a page with the tables and figures they made
# make demo PAPERS=mmnet
# make test            what continuous integration runs
# make lab             the notebooks in JupyterLab
# make export          after editing a notebook: strip its outputs, write merlib/papers/
# make reference       the runs kept in git, from finished ones, and the README's figure and tables from them
#
# Whichever comes first installs everything in .venv. Another Python: make demo PYTHON=python3.12

PYTHON ?= python3
PAPERS ?=

bin := .venv/bin
installed := .venv/installed

# what nbdev-export does, without its rewriting of merlib/__init__.py and its index files
nb_export := from glob import glob; from nbdev.export import nb_export as export; \
	[export(path) for path in sorted(glob("notebooks/*.ipynb"))]

.PHONY: demo test lab export reference data

demo: data
	$(bin)/merlib run $(PAPERS) --profile demo

test: $(installed)
	$(bin)/ruff check
	$(bin)/pytest

lab: data
	$(bin)/jupyter lab notebooks/00_start_here.ipynb

export: $(installed)
	$(bin)/jupyter nbconvert --clear-output --inplace notebooks/*.ipynb
	$(bin)/nbdev-clean
	$(bin)/python -c '$(nb_export)'

reference: $(installed)
	$(bin)/python -m merlib.site.reference_runs

data: $(installed)
	$(bin)/merlib check
	$(bin)/merlib data synth --profile demo

$(installed): pyproject.toml constraints.txt
	$(PYTHON) -I merlib/runs/machine.py
	$(PYTHON) -m venv .venv
	$(bin)/pip install -c constraints.txt -e ".[dev]"
	touch $@
