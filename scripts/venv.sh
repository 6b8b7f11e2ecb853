#!/usr/bin/env bash
# Make the virtual environment ($1) and install the package with everything for development into it.
# PYTHON names the interpreter; when it is too old, newer ones on the PATH are tried.
set -euo pipefail

venv=${1:?usage: scripts/venv.sh FOLDER}
wanted=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }
recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

choose_python() {
  local candidate
  for candidate in "$wanted" python3.13 python3.12 python3.11 python3.14; do
    if recent "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  fail "Python 3.11 or newer is needed; '$wanted' is $("$wanted" --version 2>&1 || echo missing)." \
    "Install one and name it: make PYTHON=/path/to/python3.12"
}

# Debian and Ubuntu ship python3 without ensurepip: `python3 -m venv` then fails half way.
apt_install() {
  local root=()
  [ "$(id -u)" = 0 ] || root=(sudo -n)
  command -v apt-get >/dev/null || return 1
  say "python3-venv is missing; installing it with apt-get"
  "${root[@]}" apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq "$@" >&2
}

make_venv() {
  local python=$1 version
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  "$python" -m venv --clear "$venv" 2>/dev/null && return
  "$python" -m virtualenv --quiet --clear "$venv" 2>/dev/null && return
  if apt_install "python$version-venv" || apt_install python3-venv; then
    "$python" -m venv --clear "$venv" && return
  fi
  fail "'$python' can make no virtual environment: it comes without 'venv'/'ensurepip' and without virtualenv." \
    "On Debian or Ubuntu: apt-get install python$version-venv; or name another interpreter: make PYTHON=…"
}

if ! [ -x "$venv/bin/python" ] || ! recent "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  python=$(choose_python)
  say "creating $venv with $("$python" --version)"
  make_venv "$python"
fi

say "installing into $venv (a minute or two the first time)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -c constraints.txt -e '.[dev]'
# Airflow starts in 1.7 s with compiled modules and in 4 s without. Some packages ship templates that do not compile.
"$venv/bin/python" -m compileall -qq -j 0 "$venv/lib" >/dev/null 2>&1 || true
say "ready"
