#!/bin/sh
# Makes a Python environment with pip in a folder: sh tests/make_environment.sh FOLDER [PYTHON]
# Without PYTHON it looks for an interpreter that TensorFlow has wheels for. Each candidate is run to see whether it is
# one: a name on the PATH may be a shim without an interpreter behind it, or a Python without its module venv.
set -eu

folder=$1
named=${2:-}

version_of() {
    "$1" -c 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

make_it() { # with an interpreter, if TensorFlow has wheels for it
    case $(version_of "$1") in
    3.11 | 3.12 | 3.13) "$1" -m venv --clear "$folder" && exit 0 || exit 1 ;;
    esac
}

for python in ${named:-python3.13 python3.12 python3.11 python3}; do
    make_it "$python"
done
if [ -n "$named" ]; then
    found=$(version_of "$named")
    echo "PYTHON=$named is ${found:-no Python with its module venv}; TensorFlow needs Python 3.11, 3.12 or 3.13" >&2
    exit 1
fi
if command -v uv >/dev/null; then
    rm -rf "$folder"
    exec uv venv --quiet --seed --python 3.13 "$folder"
fi
echo "TensorFlow needs Python 3.11, 3.12 or 3.13: install one with its module venv, or uv; make PYTHON=... names one" >&2
exit 1
