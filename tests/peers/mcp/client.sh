#!/bin/sh
# Synod as the client of a server of the conformance suite: each tool in TOOLS becomes a worker of a workspace of its own,
# and `synod run` gives each a task. The server's address is the last argument.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
{
    printf '[http]\nlisten = "off"\n\n[limits]\nretries = 0\nattempt_timeout = "20s"\n\n'
    printf '%s' "$TOOLS" | sed "s|URL|$1|"
} >"$folder/synod.toml"
for tool in $(printf '%s' "$TOOLS" | sed -n 's/^\[workers\.\([a-z_]*\)\]$/\1/p'); do
    # Whether a decision comes of it is not asked: such a tool gives no verdicts.
    "$SYNOD_PROGRAM" -C "$folder" run "Call the tool $tool" --models "$tool" --mode simple --json || true
done
