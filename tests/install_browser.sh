#!/bin/sh
# See to it that browser tests have a Chromium: one on PATH, else Playwright's own, else Debian's package.
# Quick when there is one. The tests look in the same order (tests/conftest.py).
set -eu
cd "$(dirname "$0")/.."

on_path() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        # Ubuntu's stub of that name only tells to install a snap, and fails.
        command -v "$name" >/dev/null 2>&1 && "$name" --version >/dev/null 2>&1 && return
    done
    return 1
}

# Having the files is not enough: Playwright's build needs libraries that a bare system lacks.
playwrights_own() {
    .venv/bin/python - 2>/dev/null <<'PY'
from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    playwright.chromium.launch(args=["--no-sandbox"]).close()
PY
}

on_path || playwrights_own && exit
echo "setup: no browser found, installing one for the tests" >&2
.venv/bin/python -m playwright install chromium >/dev/null 2>&1 && playwrights_own && exit

as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
    $as_root apt-get update -qq || true
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
        chromium fonts-dejavu-core >/dev/null && on_path && exit
fi
echo "setup: browser tests need Chromium: install the package chromium, or run '.venv/bin/playwright install --with-deps chromium'" >&2
exit 1
