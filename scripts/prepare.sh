#!/bin/sh
# Usage: prepare.sh VENV REQUIREMENT [test]
# Makes VENV with a fitting Python, installs the system packages Dictation needs (for the tests too,
# if asked) where it may, and then REQUIREMENT with all it depends on.
set -eu

venv=$1
requirement=$2
packages="libportaudio2 libasound2-plugins"
if [ "${3:-}" = test ]; then
    # libatomic1 is for the node that playwright brings.
    packages="$packages at-spi2-core chromium dbus dbus-bin desktop-file-utils dunst
        fonts-noto-cjk fonts-noto-color-emoji foot gir1.2-gtk-3.0 gir1.2-gtklayershell-0.1 grim
        ibus ibus-gtk3 libatomic1 mousepad openbox parcellite picom pipewire pipewire-pulse
        pulseaudio pulseaudio-utils python3-gi python3-gi-cairo sway systemd tint2 wireplumber
        wl-clipboard wtype x11-xserver-utils xclip
        xfce4-panel xterm xvfb"
fi

find_python() {
    for name in python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
        then
            command -v "$name"
            return
        fi
    done
}

missing_packages() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            printf '%s ' "$package"
    done
}

# Installs what is missing of "$@" with apt, as root or through sudo that asks nothing.
install_packages() {
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif sudo -n true 2>/dev/null; then
        as_root=sudo
    else
        echo "These system packages are needed; run this line, then make again:" >&2
        echo "  sudo apt-get install --no-install-recommends $*" >&2
        return 1
    fi
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

python=$(find_python)
if [ -z "$python" ]; then
    echo "Python 3.11, 3.12 or 3.13 is needed: sudo apt-get install python3 python3-venv" >&2
    exit 1
fi

if command -v dpkg-query >/dev/null 2>&1; then
    # Debian's python3 comes without venv's installer of pip and without tkinter.
    case $("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))') in
    /usr/bin/*) packages="$packages python3-venv python3-tk" ;;
    esac
    # shellcheck disable=SC2046,SC2086 # lists of words
    set -- $(missing_packages $packages)
    if [ $# -gt 0 ]; then
        echo "Installing system packages: $*"
        install_packages "$@" || echo "Going on without them." >&2
    fi
else
    echo "This is no Debian or Ubuntu: install PortAudio and Tk with your package manager." >&2
fi

if [ ! -x "$venv/bin/python" ]; then
    echo "Making $venv with $python"
    "$python" -m venv "$venv"
fi
echo "Installing Dictation and all it needs into $venv (torch is large: this takes a minute)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$requirement"
