#!/bin/sh
# Synod as the client of a server of the conformance suite: each tool in TOOLS becomes a worker of a workspace of its own,
# and `synod run` gives each a task. Where the server wants a login, one is made as a person would: a browser opens the
# address, and the task is given again. The server's address is the last argument.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
{
    printf '[http]\nlisten = "off"\n\n[limits]\nretries = 0\nattempt_timeout = "20s"\n\n'
    printf '%s' "$TOOLS" | sed "s|URL|$1|"
} >"$folder/synod.toml"
# What the suite tells a client beforehand: the secret of a client that is registered already.
CLIENT_SECRET="$(printf '%s' "${MCP_CONFORMANCE_CONTEXT:-}" | sed -n 's/.*"client_secret":"\([^"]*\)".*/\1/p')"
export CLIENT_SECRET
for tool in $(printf '%s' "$TOOLS" | sed -n 's/^\[workers\.\([a-z0-9_-]*\)\]$/\1/p'); do
    for turn in 1 2 3 4; do
        # Whether a decision comes of it is not asked: such a tool gives no verdicts.
        "$SYNOD_PROGRAM" -C "$folder" run "Call the tool $tool, turn $turn" --models "$tool" --mode simple --json \
            >"$folder/said" 2>&1 || true
        cat "$folder/said"
        grep -q "synod login $tool" "$folder/said" || break
        # A login that does not come about ends it, as some scenarios want.
        "$SYNOD_PROGRAM" -C "$folder" login "$tool" --timeout 15s || exit 1
    done
done
