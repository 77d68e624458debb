#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the browser tests of the report, or skips them (77) and says what is missing. usage: run_web.sh LIKENESS
set -eu
here=$(cd "$(dirname "$0")" && pwd)
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if ! command -v node >/dev/null || [ -z "$chromium" ] || [ ! -d "$here/node_modules/playwright-core" ]; then
    echo "skipped: needs node, chromium and tests/web/node_modules (make setup)" >&2
    exit 77
fi
exec node "$here/check_report.mjs" "$1" "$chromium" "$here/../../samples"
