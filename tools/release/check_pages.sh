#!/usr/bin/env bash
# Open the pages that the program writes and serves in headless Chromium: reports, the page of `translate serve`, and
# that of `translate page`; by pointer, finger and keyboard, and judged by axe-core. Installs Chromium where there is
# none and apt-get is there, Playwright where it is missing, and fetches axe-core and onnxruntime-web by npm; where
# there is no npm, the tests that need those are skipped. Usage: tools/release/check_pages.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-python3}

chromium_is_there() {
    local name
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" > /dev/null && return
    done
    return 1
}

if ! chromium_is_there; then
    if ! command -v apt-get > /dev/null; then
        echo "tools/release/check_pages.sh: install chromium, chromium-browser or google-chrome first" >&2
        exit 1
    fi
    root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    "${root[@]}" apt-get update
    "${root[@]}" apt-get install -y --no-install-recommends chromium
fi
"$python" -c "import playwright" 2> /dev/null || "$python" -m pip install --quiet "playwright>=1.50,<2"

if command -v npm > /dev/null; then
    fetched=$(mktemp -d)
    trap 'rm -rf "$fetched"' EXIT
    runtime=$("$python" -c "from translate.web.onnxruntime_web import VERSION; print(VERSION)")
    (cd "$fetched" && npm pack --silent axe-core@4.14.1 "onnxruntime-web@$runtime" > /dev/null &&
        for package in *.tgz; do
            mkdir "${package%.tgz}"
            tar -xzf "$package" -C "${package%.tgz}" --strip-components 1
        done)
    export AXE="$fetched/axe-core-4.14.1/axe.min.js" ONNXRUNTIME_WEB="$fetched/onnxruntime-web-$runtime/dist"
fi
"$python" -m pytest --numprocesses 0 tests/report/test_page_in_browser.py tests/web/browser tests/test_snippets.py
