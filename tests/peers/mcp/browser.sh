#!/bin/sh
# A browser whose person agrees to everything: it opens the address and goes where it is sent.
exec node -e 'fetch(process.argv[1]).then((page) => page.text())' "$1"
