#!/bin/sh
# Usage: offline.sh PYTHON [PYTEST ARGUMENT...]
# Runs the tests in a network namespace without interfaces, where even 127.0.0.1 is out of reach;
# all but those of downloading and of the page, which speak to 127.0.0.1, and of Chromium.
set -eu

python=$1
shift
if unshare -n true 2>/dev/null; then
    options=-n
elif unshare -rn true 2>/dev/null; then
    options=-rn
else
    echo "This system lets nobody make a network namespace (unshare -rn)." >&2
    exit 1
fi
exec unshare "$options" "$python" -m pytest -p no:cacheprovider \
    --ignore=tests/web --ignore=tests/catalogue/test_download.py \
    --ignore=tests/catalogue/test_store.py --ignore=tests/test_cli_models.py "$@"
