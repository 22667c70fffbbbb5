#!/usr/bin/env bash
# Open the pages that the program writes in headless Chromium: shown, complete, nothing fetched, no overflow on a phone.
# Installs Chromium where there is none and apt-get is there. Usage: tools/release/check_pages.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-python3}

if ! command -v chromium chromium-browser google-chrome > /dev/null; then
    if ! command -v apt-get > /dev/null; then
        echo "tools/release/check_pages.sh: install chromium, chromium-browser or google-chrome first" >&2
        exit 1
    fi
    root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    "${root[@]}" apt-get update
    "${root[@]}" apt-get install -y --no-install-recommends chromium
fi
"$python" -m pytest tests/test_page_in_browser.py
