#!/bin/sh
# Usage: check_wheel.sh VENV
# Builds sdist and, from it, the wheel; installs the wheel alone into an empty environment, which
# borrows what it depends on from VENV, and runs the demo there, far from this checkout.
set -eu

venv=$(cd "$1" && pwd)
checkout=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

cd "$checkout"
"$venv/bin/python" -m build --no-isolation --outdir "$place/dist" . >"$place/log" 2>&1 || {
    cat "$place/log" >&2
    exit 1
}
cd "$place"
"$venv/bin/python" -m venv --without-pip empty
libraries=$(empty/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$venv/bin/python" -m pip --quiet --python empty/bin/python install --no-deps --no-index dist/*.whl
"$venv/bin/python" -c 'import sys; print(*(p for p in sys.path if p.endswith("site-packages")), sep="\n")' \
    >"$libraries/borrowed.pth"
came_from=$(empty/bin/python -P -c 'import dictation; print(dictation.__file__)')
case $came_from in
"$place"/*) ;;
*)
    echo "not the wheel: $came_from" >&2
    exit 1
    ;;
esac
ls -l dist | awk 'NR > 1 {print $5, $9}'
HOME=$place XDG_CONFIG_HOME=$place/config empty/bin/dictation demo --silent
