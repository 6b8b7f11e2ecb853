#!/usr/bin/env bash
# Look every pinned release up in a database of known vulnerabilities, with a pip-audit that is installed for this alone.
# Ends with 0 only if all of them were found there, and none is known to be vulnerable.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d "${TMPDIR:-/tmp}/mlconnector-audit-XXXXXX")
trap 'rm -rf "$work"' EXIT

.venv/bin/python -m venv "$work/venv"
if ! "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input pip-audit; then
  echo "error: pip-audit cannot be installed here" >&2
  exit 1
fi
# --strict: a release that cannot be looked up fails, too; else one without a network would find nothing, and say so.
audit=("$work/venv/bin/pip-audit" --strict --no-deps --disable-pip --progress-spinner off -r constraints.txt)
echo "$("$work/venv/bin/pip-audit" --version), $(wc -l <constraints.txt) releases"
"${audit[@]}" "$@"
