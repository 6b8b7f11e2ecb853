#!/usr/bin/env bash
# Build the wheel, install it into a clean virtual environment that has only Airflow, and run it there once against the
# simulated vendors, which this checkout's own environment serves.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ours=$PWD/.venv/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/mlconnector-wheel-XXXXXX")
sandbox=
trap '[ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null; rm -rf "$work"' EXIT

say() { printf -- '-- %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

say "building the wheel"
"$ours/python" -m build --wheel --no-isolation --outdir "$work/dist" >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
wheel=$(echo "$work"/dist/*.whl)

say "installing $(basename "$wheel") beside Airflow, without extras"
"$ours/python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -qq --disable-pip-version-check --no-input -c constraints.txt apache-airflow "$wheel"
"$work/venv/bin/python" -m pip check --disable-pip-version-check
! "$work/venv/bin/python" -c 'import psycopg' 2>/dev/null || fail "an extra was installed"

# Nothing of the checkout may be imported, and nothing of the caller's Airflow be used.
while IFS='=' read -r name _; do unset "$name"; done < <(env | grep -E '^(AIRFLOW|PYTHONPATH)' || true)
export AIRFLOW_HOME=$work/home AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__LOGGING__LOGGING_LEVEL=WARNING
export PATH=$work/venv/bin:$PATH
cd "$work"

say "airflow providers list"
airflow providers list --output plain | grep airflow-provider-mlconnector || fail "the provider is not listed"

say "airflow mlconnector dags install"
airflow mlconnector dags install --to "$AIRFLOW_HOME/dags"
cmp "$AIRFLOW_HOME/dags/jde_to_marketo.py" "$OLDPWD/dags/jde_to_marketo.py" || fail "the stub differs from the checkout's"

say "a run against the simulated vendors"
"$ours/mlconnector-sandbox" --port-base 0 --scale 0.25 >"$work/sandbox.out" &
sandbox=$!
for _ in $(seq 100); do
  [ "$(grep -c '^AIRFLOW_CONN_' "$work/sandbox.out")" -ge 2 ] && break
  kill -0 "$sandbox" || fail "the sandbox ended"
  sleep 0.2
done
set -a
# shellcheck disable=SC1091
. "$work/sandbox.out"
set +a
airflow db migrate >"$work/migrate.log" 2>&1 || { tail -20 "$work/migrate.log"; exit 1; }
airflow dags reserialize >"$work/dags.log" 2>&1 || { tail -20 "$work/dags.log"; exit 1; }
airflow dags list-import-errors --output plain | grep -q 'No data found' || fail "a DAG does not import"
airflow mlconnector check jde_default marketo_default
airflow dags test jde_to_marketo >"$work/run.log" 2>&1 || { tail -40 "$work/run.log"; exit 1; }
airflow mlconnector status --format csv | tee "$work/status.csv"
grep -q '^jde_to_marketo\..*,success,' "$work/status.csv" || fail "no sync has run"
if grep '^jde_to_marketo\.' "$work/status.csv" | grep -v ',success,[1-9][0-9]*,'; then
  tail -40 "$work/run.log"
  fail "a sync did not succeed"
fi
say "the wheel works"
