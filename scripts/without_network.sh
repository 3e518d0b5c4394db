#!/bin/sh
# Usage: without_network.sh PROGRAM [ARGUMENT...]
# Runs a program in a network namespace without interfaces, where even 127.0.0.1 is out of reach.
set -eu

if unshare -nm true 2>/dev/null; then
    options=-nm
elif unshare -rnm true 2>/dev/null; then
    options=-rnm
else
    echo "This system lets nobody make a network namespace (unshare -rn)." >&2
    exit 1
fi
# X servers find a free display by abstract sockets, which are of the namespace: one in here would
# take the number of one out there, and its socket file. In here there is another folder for them.
exec unshare "$options" sh -c '
    mkdir -p /tmp/.X11-unix
    mount -t tmpfs -o mode=1777 tmpfs /tmp/.X11-unix
    exec "$@"' sh "$@"
