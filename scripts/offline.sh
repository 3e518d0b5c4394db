#!/bin/sh
# Usage: offline.sh PYTHON [PYTEST ARGUMENT...]
# Runs the tests without any network: all but those of downloading, of the page and of training in
# two processes, which speak to 127.0.0.1, and of Chromium.
set -eu

python=$1
shift
exec "$(dirname "$0")/without_network.sh" "$python" -m pytest -p no:cacheprovider \
    --ignore=tests/web --ignore=tests/catalogue/test_download.py \
    --ignore=tests/catalogue/test_store.py --ignore=tests/test_cli_models.py \
    --deselect=tests/training/test_run.py::test_two_processes_take_the_step_of_one_with_the_double_batch \
    "$@"
