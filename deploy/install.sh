#!/bin/sh
# Make .venv and put the locked packages and the `broadcaster` command into it; `dev` adds what tests and checks need.
# Quick when nothing changed. PYTHON=/path/to/python3.12 chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd -P)

die() {
    echo "setup: $*" >&2
    exit 1
}

usable() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if usable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    found=$("${PYTHON:-python3}" --version 2>&1) || found="no ${PYTHON:-python3}"
    die "needs Python 3.11 or newer, found $found; name one with PYTHON=/path/to/python3.12"
}

# A copied or moved checkout, or one whose Python has gone, has a .venv that cannot work.
sound() {
    usable .venv/bin/python && grep -qF "$here/.venv" .venv/pyvenv.cfg
}

make_venv() {
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        die "$python has no venv; on Debian and Ubuntu: apt-get install python3-venv"
    "$python" -m venv --clear "$here/.venv"
}

# uv is three times as quick; pip knows this machine's pip settings (a mirror, a proxy), which uv does not read.
fetch() {
    UV_PYTHON_DOWNLOADS=never .venv/bin/uv pip install --quiet --system-certs --compile-bytecode --python .venv/bin/python \
        --no-build-isolation "$@" && return
    echo "setup: trying once more with pip" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation "$@"
}

digest() {
    cat "$@" pyproject.toml deploy/install.sh | cksum
}

run="requirements-build.txt requirements.txt"
dev="$run requirements-dev.txt"
# shellcheck disable=SC2086  # words on purpose: file names without spaces
case ${1:-} in
dev) locks=$dev stamp=.venv/.installed-dev want=$(digest $dev) ;;
*) locks=$run stamp=.venv/.installed want=$(digest $run) ;;
esac

if sound && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
    exit 0
fi
echo "setup: installing into .venv (about 15 s the first time)" >&2
sound || make_venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.txt
set --
for lock in $locks; do
    set -- "$@" -r "$lock"
done
fetch --require-hashes "$@"
fetch --no-deps --editable .
# shellcheck disable=SC2086
digest $run >.venv/.installed
echo "$want" >"$stamp"
