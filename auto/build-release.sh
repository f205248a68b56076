# shellcheck shell=bash
# Build a release from the checkout beside the others: a broken build never becomes `current`.
# Sourced.

PROGRAM_PARTS=(pyproject.toml requirements.lock core engine ffmpeg_forward hooks mgmt platform)
PAGE_PARTS=(ui auto/node.lock)
SHARE_PARTS=(containers)
# What a release does about itself: settings of its own, and keys of who may sign the next one.
OWN_PARTS=(auto/write_env.py release-keys)
KEEP_RELEASES=3
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1

tree_hash() { # tree_hash PART...: eight hex digits over names and contents
  (
    cd "$ROOT"
    find "$@" \( -name node_modules -o -name __pycache__ -o -name dist -o -name screenshots \
      -o -name build -o -name '*.egg-info' -o -name '.*_cache' \) -prune \
      -o -type f ! -name '*.pyc' ! -name '*.tsbuildinfo' -print0
  ) | LC_ALL=C sort -z | (cd "$ROOT" && xargs -0 sha256sum) | sha256sum | cut -c 1-8
}

copy_tree() { # copy_tree DEST PART...: without what builds and tests leave behind
  local dest=$1
  shift
  tar -C "$ROOT" --exclude=node_modules --exclude=__pycache__ --exclude=dist --exclude=build \
    --exclude='*.egg-info' --exclude='*.pyc' --exclude=screenshots -cf - "$@" |
    tar -C "$dest" --no-same-owner -xf -
}

is_packed() { [ -f "$ROOT/release.json" ]; } # an archive of auto/make-release, its page built

name_release() { # sets RELEASE
  local version parts=("${PROGRAM_PARTS[@]}" "${PAGE_PARTS[@]}" "${SHARE_PARTS[@]}" "${OWN_PARTS[@]}")
  # The page of an archive is known by its hash in there.
  if is_packed; then parts=("${PROGRAM_PARTS[@]}" "${SHARE_PARTS[@]}" "${OWN_PARTS[@]}" release.json); fi
  version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$ROOT/pyproject.toml" | head -n 1)
  RELEASE=$DATA/releases/$version-$(tree_hash "${parts[@]}")
}

release_complete() { # a new Python of the distribution may have broken an old virtualenv
  [ -f "$RELEASE/complete" ] && "$RELEASE/venv/bin/python" -c 'import streamstead.core.paths' 2>/dev/null
}

start_building() {
  BUILDING=$DATA/releases/.building
  rm -rf "$BUILDING" # left by a run that was killed
  if release_complete; then return 0; fi
  mkdir -m 755 "$BUILDING"
  at_exit stop_building
}

stop_building() { rm -rf "${BUILDING:?}"; }

# With the same lock file and the same Python the packages of the current release are taken over: no
# network is needed then, and hardly any time.
reuse_packages() {
  local old
  old=$DATA/releases/$(basename "$(readlink -f "$DATA/current")")
  if [ ! -f "$old/complete" ] || ! cmp -s "$ROOT/requirements.lock" "$old/requirements.lock" ||
    [ "$(sed -n 's/^version = //p' "$old/venv/pyvenv.cfg")" != "$("$PYTHON" -c \
      'import platform; print(platform.python_version())')" ]; then
    return 1
  fi
  # One after the other: `set -e` does not hold inside a condition.
  if cp -a --reflink=auto "$old/venv" "$BUILDING/release/venv" &&
    move_paths "$old" "$BUILDING/release" &&
    "$BUILDING/release/venv/bin/pip" uninstall --quiet --yes streamstead &&
    rm -rf "$BUILDING"/release/venv/lib/python3.*/site-packages/streamstead &&
    "$BUILDING/release/venv/bin/pip" check --quiet; then
    return 0
  fi
  rm -rf "$BUILDING/release/venv"
  return 1
}

move_paths() { # move_paths FROM TO: scripts of a virtualenv name their interpreter by its path
  grep -rlIF "$1" "$BUILDING/release/venv" --include='*' --exclude='*.pyc' |
    xargs -r -d '\n' sed -i "s|$1|$2|g"
}

install_packages_of_python() {
  local from=()
  if reuse_packages; then return 0; fi
  "$PYTHON" -m venv "$BUILDING/release/venv" ||
    fail "the Python environment could not be made." "install the venv module of $PYTHON, then run $AGAIN again."
  # An archive may bring the packages along; their hashes are those of the lock file all the same.
  if [ -d "$ROOT/wheels" ]; then from+=(--no-index --find-links "$ROOT/wheels"); fi
  "$BUILDING/release/venv/bin/pip" install --progress-bar off --no-compile --require-hashes \
    "${from[@]}" -r "$ROOT/requirements.lock" ||
    explain_build "the Python packages could not be installed"
  compile_packages
}

# On all cores, which pip does not. A file that is no good Python is its package's own affair. The
# client of Cloudflare is a third of all files, of which certbot reads a few: those it reads here.
compile_packages() {
  local python=$BUILDING/release/venv/bin/python
  "$python" -m compileall -q -j 0 -x '/cloudflare/' -s "$BUILDING/release" -p "$RELEASE" \
    "$BUILDING/release/venv/lib" || true
  "$python" -c 'import certbot_dns_cloudflare._internal.dns_cloudflare'
}

build_program() {
  start_building
  if release_complete; then return 0; fi
  mkdir "$BUILDING/source" "$BUILDING/release"
  install_packages_of_python
  cp "$ROOT/requirements.lock" "$BUILDING/release/requirements.lock"
  copy_tree "$BUILDING/source" "${PROGRAM_PARTS[@]}" README.md LICENSE
  "$BUILDING/release/venv/bin/pip" install --progress-bar off --no-deps --no-build-isolation \
    "$BUILDING/source" || explain_build "the program could not be installed"
  copy_tree "$BUILDING/release" "${SHARE_PARTS[@]}" "${OWN_PARTS[@]}"
}

finish_release() {
  if release_complete; then return 0; fi
  build_page "$BUILDING/release/ui/dist"
  if [ -f "$ROOT/ui/openapi.json" ]; then cp "$ROOT/ui/openapi.json" "$BUILDING/release/openapi.json"; fi
  move_paths "$BUILDING/release" "$RELEASE" # it is renamed to that below
  chmod -R go+rX,go-w "$BUILDING/release"
  rm -rf "$RELEASE"
  date -u +%FT%TZ >"$BUILDING/release/complete"
  mv "$BUILDING/release" "$RELEASE"
  stop_building
}

switch_release() { # switch_release RELEASE: in one rename
  ln -sfn "releases/$(basename "$1")" "$DATA/.current.new"
  mv -T "$DATA/.current.new" "$DATA/current"
}

link_command() {
  local link=/usr/local/bin/streamstead target=$DATA/current/venv/bin/streamstead
  [ "$DATA" = "$DEFAULT_DATA" ] || return 0
  if [ -L "$link" ] || [ ! -e "$link" ]; then
    [ "$(readlink "$link" || true)" = "$target" ] || ln -sfn "$target" "$link"
  fi
}

install_release() {
  switch_release "$RELEASE"
  link_command
}

prune_releases() { # never one that a process runs from: live media goes on with its old code
  local old kept=0
  touch "$RELEASE/complete"
  while read -r old; do
    old=$(dirname "$old")
    kept=$((kept + 1))
    if [ "$kept" -gt "$KEEP_RELEASES" ] && ! grep -qsF "$old/" /proc/[0-9]*/cmdline; then
      rm -rf "$old"
    fi
  done < <(ls -1t "$DATA"/releases/*/complete)
}
