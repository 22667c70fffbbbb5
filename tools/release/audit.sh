#!/usr/bin/env bash
# Look the versions in the lock files up in OSV, the database of known vulnerabilities. Needs pip-audit and the network.
#
#     tools/release/audit.sh [LOCK...]
#
# Exit status: 0 none is known, 1 some are, 77 nothing could be looked up; then the reason stands on standard error.
set -uo pipefail
cd "$(dirname "$0")/../.."

command -v pip-audit >/dev/null || { echo "audit skipped: pip-audit is missing: pip install pip-audit" >&2; exit 77; }
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
status=0
[ $# -gt 0 ] || set -- requirements.lock requirements-all.lock
for lock in "$@"; do
    # pip-audit's own source, PyPI, lets pass what it does not find; OSV answers or fails
    said=$(pip-audit --vulnerability-service osv --disable-pip --require-hashes --requirement "$lock" \
        --progress-spinner off --format columns --output "$answer" 2>&1)
    found=$?
    if ! grep -qE "^(Found [0-9]+ known|No known)" <<<"$said"; then
        echo "audit skipped: $lock: $(tail -n 1 <<<"$said" | cut -c 1-200)" >&2
        exit 77
    fi
    grep -E "^(Found|No known)" <<<"$said" | sed "s|^|$lock: |"
    [ "$found" -eq 0 ] || { cat "$answer"; status=1; }
done
exit $status
