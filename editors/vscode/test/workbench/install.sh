#!/bin/sh
# Fills a folder with what the test in a real VS Code needs, from the registry alone: code-server, whose own installer
# would also fetch binaries from elsewhere, and a driver for a Chromium that is there already. 330 MB, a minute.
set -eu
from=$(cd "$(dirname "$0")" && pwd)
folder=${1:?which folder}
mkdir -p "$folder"
cp "$from/package.json" "$folder/"
cd "$folder"
quiet="--ignore-scripts --omit=dev --no-audit --no-fund"
npm install $quiet
for part in vscode vscode/extensions; do
  (cd "node_modules/code-server/lib/$part" && npm install $quiet)
done
# The one native module that it cannot do without. Node's headers are beside node.
npm rebuild argon2 --build-from-source --nodedir="$(dirname "$(dirname "$(command -v node)")")"
