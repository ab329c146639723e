#!/bin/sh
# Prints the one style sheet: the files that main.css imports, in its order, without comments and needless space.
set -eu
cd "$(dirname "$0")"
sed -n 's/^@import "\(.*\)";$/\1/p' main.css | while read -r file; do cat "$file"; done |
    tr '\n' ' ' |
    sed 's@/\*[^*]*\*\**\([^/*][^*]*\*\**\)*/@@g; s/  */ /g; s/ *\([{};]\) */\1/g; s/\([,:]\) /\1/g; s/;}/}/g'
