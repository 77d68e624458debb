#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs browser tests, or skips them (77) and says what is missing. usage: run_web.sh LIKENESS report|map|dups|serve_...
set -eu
here=$(cd "$(dirname "$0")" && pwd)
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if ! command -v node >/dev/null || [ -z "$chromium" ] || [ ! -d "$here/node_modules/playwright-core" ]; then
    echo "skipped: needs node, chromium and tests/web/node_modules (make setup)" >&2
    exit 77
fi
exec node "$here/check_$2.mjs" "$1" "$chromium" "$here/../../samples"
