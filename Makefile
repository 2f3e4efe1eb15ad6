# Two commands: `make train` and `make test`. Both set up .venv first, once.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The first of these that is new enough makes the environment; PYTHON=... goes first.
PYTHONS := $(PYTHON) python3 python3.12 python3.13 python3.14

.PHONY: train test lint bench peers clean

train: $(READY)
	$(BIN)/fnn train

test: $(READY)
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

bench: $(READY)
	$(BIN)/python -m benchmarks

# The libraries that `make bench` compares fnn with, in environments of their own. Those
# that cannot be installed are absent from its tables.
# JAX is of fnn's version there, where the peers' own demands allow it.
TORCH_PYTHON ?= python3.11
PIP := -m pip install --quiet
peers: $(READY)
	$(BIN)/python -m venv --clear .venv-peers
	.venv-peers/bin/python $(PIP) -c constraints.txt -r benchmarks/peers.txt || \
	    .venv-peers/bin/python $(PIP) -r benchmarks/peers.txt
	-$(TORCH_PYTHON) -m venv --clear .venv-torch && \
	    .venv-torch/bin/python $(PIP) -r benchmarks/torch.txt

$(READY): pyproject.toml constraints.txt
	@for python in $(PYTHONS); do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; \
	    then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "fnn needs Python 3.12 or newer, with venv; none of: $(PYTHONS) is." >&2; \
	    echo "Install it (Debian, Ubuntu: apt install python3.12 python3.12-venv;" >&2; \
	    echo "macOS: brew install python@3.12), or name one: make PYTHON=/path/to/python" >&2; \
	    exit 1; \
	fi; \
	echo "setting up $(VENV) with $$("$$found" --version)"; \
	if command -v uv >/dev/null; then \
	    uv venv --quiet --clear --python "$$("$$found" -c 'import sys; print(sys.executable)')" $(VENV) && \
	    VIRTUAL_ENV=$(VENV) uv pip install --quiet -c constraints.txt -e '.[dev]'; \
	else \
	    "$$found" -m venv --clear $(VENV) && \
	    $(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'; \
	fi
	@touch $@

clean:
	rm -rf $(VENV) .venv-peers .venv-torch
