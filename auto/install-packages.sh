# shellcheck shell=bash
# Install what is missing, and only that. What we bring in is not started by the distribution;
# what the owner already had is never touched. Sourced.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
TO_QUIET=/var/cache/streamstead/to-quiet
POLICY=/usr/sbin/policy-rc.d
POLICY_SAVED=/usr/sbin/policy-rc.d.before-streamstead
POLICY_MARK='# written by streamstead bootstrap for the time of one installation'
LOCK_FILES='/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock
  /var/cache/apt/archives/lock'
NGINX_MODULES='/usr/lib/nginx/modules /usr/lib64/nginx/modules /usr/share/nginx/modules'

find_python() { # sets PYTHON: 3.11 or newer, with venv, usable by the service user
  local candidate
  PYTHON=''
  for candidate in /usr/bin/python3 /usr/bin/python3.{13,12,11} /usr/local/bin/python3; do
    if [ -x "$candidate" ] && "$candidate" -c '
import sys, venv, ensurepip
home = sys.base_prefix
sys.exit(sys.version_info < (3, 11) or home.startswith(("/root", "/home")))' 2>/dev/null; then
      PYTHON=$candidate
      return 0
    fi
  done
  return 1
}

has_nginx_module() { # has_nginx_module NAME OPTION: as a file, or built in by this option
  local dir
  for dir in $NGINX_MODULES; do
    [ -e "$dir/ngx_$1_module.so" ] && return 0
  done
  nginx -V 2>&1 | grep -q -- "$2"
}

has_rtmp_module() { has_nginx_module rtmp '--add-module=[^ ]*rtmp'; }
has_stream_module() { has_nginx_module stream '--with-stream '; }

missing_packages() { # sets MISSING
  local python=python3
  MISSING=()
  [ "$DISTRO:$DISTRO_VERSION" != ubuntu:22.04 ] || python=python3.11
  [ "$DISTRO" != rhel ] || python=python3.11
  if ! find_python; then
    MISSING+=("$python")
    [ "$DISTRO" = rhel ] || MISSING+=("$python-venv")
  fi
  if [ "$DISTRO" = rhel ]; then
    command -v ffmpeg >/dev/null || MISSING+=(ffmpeg-free)
    return 0
  fi
  command -v ffmpeg >/dev/null || MISSING+=(ffmpeg)
  [ "$RUNTIME" = docker ] && return 0
  command -v redis-server >/dev/null || MISSING+=(redis-server)
  command -v nginx >/dev/null || MISSING+=(nginx)
  has_rtmp_module || MISSING+=(libnginx-mod-rtmp)
}

check_runtime_possible() { # nginx-rtmp is not packaged for the RHEL family
  [ "$DISTRO" = rhel ] || return 0
  [ "$RUNTIME" != process ] || [ -n "${STREAMSTEAD_SRS_BIN:-}" ] ||
    fail "the RHEL family has no package of nginx-rtmp, which the embedded media server needs." \
      "run it with containers (--runtime docker), or name a real SRS in STREAMSTEAD_SRS_BIN."
  RUNTIME_NEEDED=docker
}

install_packages() {
  settle_earlier_run
  check_runtime_possible
  missing_packages
  if [ "${#MISSING[@]}" -gt 0 ]; then
    note "installing ${MISSING[*]}"
    if [ "$DISTRO" = rhel ]; then install_by_dnf; else install_by_apt; fi
  fi
  install_monitoring
  install_rtmps
  find_python ||
    fail "no Python 3.11 or newer is to be found below /usr, even after the installation." \
      "install one by the distribution's packages, with its venv module."
  if [ "$RUNTIME" = docker ] || [ "${RUNTIME_NEEDED:-}" = docker ]; then ensure_docker; fi
}

install_monitoring() { # Prometheus is a help, no need: without it we go on and say so
  local package
  [ "$DISTRO" != rhel ] && [ "$RUNTIME" != docker ] && has_room_for_monitoring || return 0
  MISSING=()
  for package in prometheus prometheus-node-exporter; do
    command -v "$package" >/dev/null || MISSING+=("$package")
  done
  [ "${#MISSING[@]}" -gt 0 ] || return 0
  note "installing ${MISSING[*]}"
  if ! (install_by_apt) 3>/dev/null 4>/dev/null; then
    note 'Prometheus could not be installed; the page shows graphs without it'
    remove_policy
    quiet_services
  fi
}

install_rtmps() { # RTMP inside TLS is a help, no need: without its module the page says so
  [ "$DISTRO" != rhel ] && [ "$RUNTIME" != docker ] && ! has_stream_module || return 0
  MISSING=(libnginx-mod-stream)
  note "installing ${MISSING[*]}"
  if ! (install_by_apt) 3>/dev/null 4>/dev/null; then
    note 'the stream module of nginx could not be installed; all but RTMPS works without it'
    remove_policy
    quiet_services
  fi
}

has_room_for_monitoring() {
  [ "${STREAMSTEAD_MONITORING:-}" != off ] &&
    [ "$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)" -ge 900 ]
}

settle_earlier_run() { # an earlier run may have been killed between two of its lines
  remove_policy
  if [ -s "$TO_QUIET" ]; then
    quiet_services
  fi
  if [ "$DISTRO" != rhel ] && [ -n "$(dpkg --audit 2>/dev/null)" ]; then
    wait_for_apt
    dpkg --configure -a ||
      fail "an interrupted installation of packages could not be finished." \
        "run: dpkg --configure -a, mend what it says, then run $AGAIN again."
  fi
}

install_by_apt() {
  local package
  export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
  mkdir -p "$(dirname "$TO_QUIET")"
  for package in "${MISSING[@]}"; do
    case "$package" in
      nginx | redis-server | prometheus*) printf '%s\n' "$package" >>"$TO_QUIET" ;;
    esac
  done
  wait_for_apt
  apt-get -q update || true # one broken source must not stop us when the others suffice
  write_policy
  wait_for_apt
  if ! apt-get -q -y -o "DPkg::Lock::Timeout=$LOCK_WAIT_S" install --no-install-recommends \
    "${MISSING[@]}"; then
    explain_apt
  fi
  remove_policy
  quiet_services
}

install_by_dnf() {
  dnf -y -q install "${MISSING[@]}" && return 0
  # ffmpeg-free lies in EPEL; the rebuilds carry its repository as a package.
  if dnf -y -q install epel-release && dnf -y -q install "${MISSING[@]}"; then
    return 0
  fi
  if tail -n 60 "$LOG" | looks_like_no_network; then tell_no_network; fi
  fail "dnf could not install: ${MISSING[*]}." \
    "read $LOG; ffmpeg-free comes from EPEL, which may have to be enabled by hand."
}

lock_holder() { # prints "NAME (pid PID)" of who holds a lock of apt or dpkg; else status 1
  local file major minor inode id pid
  for file in $LOCK_FILES; do
    [ -e "$file" ] || continue
    read -r major minor inode < <(stat -c '%Hd %Ld %i' "$file")
    printf -v id '%02x:%02x:%d' "$major" "$minor" "$inode"
    pid=$(awk -v id="$id" '$2 != "->" && $6 == id { print $5; exit }' /proc/locks)
    [ "${pid:-0}" -gt 0 ] || continue
    printf '%s (pid %s)' "$(cat "/proc/$pid/comm" 2>/dev/null || echo 'a process')" "$pid"
    return 0
  done
  return 1
}

wait_for_apt() {
  local began=$SECONDS told='' holder
  while holder=$(lock_holder); do
    if [ $((SECONDS - began)) -ge "$LOCK_WAIT_S" ]; then
      fail "the package manager has been in use by $holder for $LOCK_WAIT_S s." \
        "wait until it is done, or end it, then run $AGAIN again (--lock-wait S waits longer)."
    fi
    [ -n "$told" ] || note "waiting up to $LOCK_WAIT_S s: $holder is using the package manager"
    told=yes
    sleep 1
  done
}

looks_like_no_network() {
  grep -Eqi 'temporary failure (resolving|in name resolution)|could not (resolve (host|.[a-z0-9-]+\.)|connect)|network is unreachable|unable to connect|name or service not known|no route to host|failed to establish a new connection|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|connection timed out|Cannot download'
}

tell_no_network() {
  fail "the package servers cannot be reached: no network, or no name service." \
    "check the connection, the DNS (/etc/resolv.conf) and any proxy setting, then run $AGAIN again."
}

explain_apt() {
  local tail
  tail=$(tail -n 60 "$LOG")
  if looks_like_no_network <<<"$tail"; then tell_no_network; fi
  if grep -q 'Could not get lock' <<<"$tail"; then
    fail "the package manager has been in use by another program for $LOCK_WAIT_S s." \
      "wait until it is done, then run $AGAIN again (--lock-wait S waits longer)."
  fi
  if grep -q 'Unable to locate package\|no installation candidate' <<<"$tail"; then
    fail "the package sources do not offer all of: ${MISSING[*]}." \
      "enable the distribution's standard sources (Ubuntu: add-apt-repository universe), then run $AGAIN again."
  fi
  fail "apt could not install: ${MISSING[*]}." "read $LOG, mend what apt says there, then run $AGAIN again."
}

write_policy() { # nothing we install starts by itself; we start what is wanted, when it is
  if [ -e "$POLICY" ]; then mv "$POLICY" "$POLICY_SAVED"; fi
  cat >"$POLICY" <<GUARD
#!/bin/sh
$POLICY_MARK
for word; do
  case "\$word" in nginx* | redis* | prometheus* | docker* | containerd*) exit 101 ;; esac
done
[ ! -x $POLICY_SAVED ] || exec $POLICY_SAVED "\$@"
exit 0
GUARD
  chmod 755 "$POLICY"
  at_exit remove_policy
}

remove_policy() {
  if grep -qsF "$POLICY_MARK" "$POLICY"; then rm -f "$POLICY"; fi
  if [ -e "$POLICY_SAVED" ] && [ ! -e "$POLICY" ]; then mv "$POLICY_SAVED" "$POLICY"; fi
}

quiet_services() { # our own copies are run by mgmt, so those of the distribution stay off
  local package
  [ -e "$TO_QUIET" ] || return 0
  while read -r package; do
    if command -v systemctl >/dev/null; then
      systemctl disable "$package" || true
      [ ! -d /run/systemd/system ] || systemctl stop "$package" || true
    elif command -v update-rc.d >/dev/null; then
      update-rc.d "$package" disable || true
    fi
  done <"$TO_QUIET"
  rm -f "$TO_QUIET"
}

ensure_docker() {
  local answer
  if answer=$("$PYTHON" "$ROOT/auto/ping_docker.py"); then return 0; fi
  if [ -z "${STREAMSTEAD_DOCKER_HOST:-}${DOCKER_HOST:-}" ]; then
    install_docker
    if answer=$("$PYTHON" "$ROOT/auto/ping_docker.py" --wait 20); then return 0; fi
  fi
  fail "$answer" \
    "start the Docker Engine (systemctl start docker), or run $AGAIN --runtime process."
}

install_docker() {
  local unit=docker
  if [ "$DISTRO" = rhel ]; then
    MISSING=(podman podman-docker)
    unit=podman.socket
    command -v docker >/dev/null || install_by_dnf
  elif ! command -v dockerd >/dev/null; then
    MISSING=(docker.io)
    note "installing docker.io: no Docker Engine answers here"
    # A restart of the engine, as by an upgrade of its package, must not end live streams.
    if [ ! -e /etc/docker/daemon.json ]; then
      mkdir -p /etc/docker
      printf '{ "live-restore": true }\n' >/etc/docker/daemon.json
    fi
    install_by_apt
  fi
  if [ -d /run/systemd/system ]; then
    systemctl enable --now "$unit" || true
  elif command -v service >/dev/null; then
    service docker start 3>&- 4>&- 9>&- || true
  fi
}
