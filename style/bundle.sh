#!/bin/sh
# Prints the one style sheet: the files that main.css imports, in its order.
set -eu
cd "$(dirname "$0")"
sed -n 's/^@import "\(.*\)";$/\1/p' main.css | while read -r file; do cat "$file"; done
