# make app    the page on http://127.0.0.1:7860 (GRADIO_SERVER_PORT moves it)
# make test   every test and check; CI runs exactly this
# make fontbakery   FontBakery's universal profile on a font of the example sheet, in a venv of its own; nothing is waived
# make peers  RapidOCR beside us in benchmarks/page_cost.py and page_reading.py, in a .venv-peers of its own
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP_OPTIONS ?= --quiet --disable-pip-version-check
SHELL := /bin/bash
WORKERS ?= 2

.PHONY: app test suite check format fontbakery peers clean

app: .venv/installed
	.venv/bin/python app.py

# Side by side: mypy takes a minute, and one core alone.
test: .venv/tested
	@$(MAKE) --no-print-directory -j2 check suite

suite: .venv/tested
	@PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

check: .venv/tested
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python tests/support/house.py

format: .venv/tested
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

fontbakery: .venv/installed .venv-fontbakery/installed
	mkdir -p build
	.venv/bin/python -m emnist_hf make-font emnist_hf/page/examples/font-sheet.png --output build/hand.ttf
	.venv-fontbakery/bin/fontbakery check-universal --skip-network --succinct --loglevel WARN build/hand.ttf

.venv-fontbakery/installed: Makefile
	test -x .venv-fontbakery/bin/python || $(PYTHON) -m venv .venv-fontbakery
	.venv-fontbakery/bin/python -m pip install $(PIP_OPTIONS) 'fontbakery>=1.0,<2'
	touch $@

# Installed again whenever the requirements change. Three minutes the first time: most of it is torch.
.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "emnist-hf needs Python 3.11 or newer: install it, or name it with make PYTHON=..."; exit 1; }
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo "Installing requirements into .venv; the first time this takes some minutes."
	.venv/bin/python -m pip install $(PIP_OPTIONS) -r requirements.txt
	touch $@

.venv/tested: .venv/installed pyproject.toml
	.venv/bin/python -m pip install $(PIP_OPTIONS) -e '.[test]'
	touch $@

# rapidocr-onnxruntime needs opencv-python, which would overwrite our OpenCV.
peers:
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install $(PIP_OPTIONS) 'rapidocr-onnxruntime>=1.4,<2'
	@command -v tesseract >/dev/null || echo "Tesseract is not here: apt-get install tesseract-ocr"

clean:
	rm -rf .venv .venv-fontbakery .venv-peers build *.egg-info .mypy_cache .ruff_cache .pytest_cache
