#!/bin/sh
# Make sure that there is a Chromium for the browser tests: the system's, Debian's, or Playwright's own, in this order.
set -eu
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0
fi
exec "$BIN/python" -m playwright install chromium
