#!/bin/sh
# Outside a project `kedro run` gives no hint to change directory, though Kedro has one for this case.
#
# Expected: after "No such command 'run'", Kedro says that its project commands work within a project directory only.
# Seen: with click 8.3.0 it does, with 8.5.1 it does not: Kedro looks for the error's name in the traceback of the
# SystemExit, and click now exits after it has left the handler of that error, so the traceback no longer holds it.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export DO_NOT_TRACK=1
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "kedro==1.7.0" "click==8.3.0"
mkdir "$folder/elsewhere"
cd "$folder/elsewhere"
hints() {
    "$folder/venv/bin/python" -c 'from importlib.metadata import version as v; print("kedro", v("kedro"), "click", v("click"))'
    "$folder/venv/bin/kedro" run >"$folder/said" 2>&1 || true
    grep "No such command" "$folder/said"
    grep "not found in this directory" "$folder/said" || echo "(no hint)"
    grep -q "not found in this directory" "$folder/said"
}
if hints; then old=hint; else old=none; fi
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "click==8.5.1"
if hints; then new=hint; else new=none; fi
test "$old $new" = "hint none"
