# shellcheck shell=bash
# Is this a machine we know, with room enough, and a data directory that can be used? Sourced.

# shellcheck disable=SC2034 # for those that read options
DEFAULT_DATA=/var/lib/streamstead
NEED_BUILD_MB=1500
NEED_RUN_MB=100

check_distribution() { # check_distribution OS_RELEASE_FILE: sets DISTRO to debian, ubuntu or rhel
  local file=$1 id='' version='' like='' name=''
  if [ -r "$file" ]; then
    id=$(os_release_value "$file" ID)
    version=$(os_release_value "$file" VERSION_ID)
    like=$(os_release_value "$file" ID_LIKE)
    name=$(os_release_value "$file" PRETTY_NAME)
  fi
  DISTRO_VERSION=$version
  case "$id:$version" in
    debian:12 | debian:13) DISTRO=debian ;;
    ubuntu:22.04 | ubuntu:24.04) DISTRO=ubuntu ;;
    rhel:9* | rocky:9* | almalinux:9* | centos:9* | ol:9*) DISTRO=rhel ;;
    *)
      case " $like " in
        *" rhel "*) [[ $version == 9* ]] && DISTRO=rhel ;;
      esac
      ;;
  esac
  [ -n "${DISTRO:-}" ] ||
    fail "this system (${name:-${id:-unknown} ${version}}) is not one that Streamstead is made for." \
      "use Debian 12 or 13, Ubuntu 22.04 or 24.04, or version 9 of the RHEL family."
  printf 'distribution %s %s\n' "$DISTRO" "$DISTRO_VERSION"
}

os_release_value() { # os_release_value FILE NAME
  local value
  value=$(sed -n "s/^$2=//p" "$1" | head -n 1)
  value=${value#[\"\']}
  printf '%s' "${value%[\"\']}"
}

check_data_path() { # the name alone; nothing is made yet
  case "$DATA" in
    / | /etc | /usr | /usr/* | /bin | /boot | /dev | /dev/* | /proc | /proc/* | /sys | /sys/*)
      fail "$DATA cannot be a data directory." "choose a directory of its own: --data /srv/streamstead"
      ;;
  esac
  [[ $DATA =~ ^[A-Za-z0-9_./@+-]+$ ]] ||
    fail "the name of the data directory has characters that unit and server files cannot carry." \
      "use letters, digits and . _ - / only: --data /srv/streamstead"
  # Unix sockets below run/ have 108 bytes for their whole path.
  [ "${#DATA}" -le 80 ] ||
    fail "the name of the data directory is longer than 80 characters." "choose a shorter --data."
}

existing_ancestor() { # existing_ancestor PATH
  local path=$1
  while [ ! -e "$path" ] && [ ! -L "$path" ]; do path=$(dirname "$path"); done
  printf '%s' "$path"
}

check_disk() { # check_disk NEED_MB
  local free_mb at
  at=$(existing_ancestor "$DATA")
  free_mb=$(df -Pm "$at" | awk 'NR == 2 { print $4 }')
  [ "$free_mb" -ge "$1" ] ||
    fail "$at has $free_mb MB free, and $1 MB are needed." \
      "free some space there, or choose a directory on another disk with --data."
}

prepare_data_dir() { # makes what root owns: the program must not be able to replace itself
  local error probe="$DATA/.probe.$$"
  error=$(mkdir -p "$DATA/releases" 2>&1) ||
    fail "$DATA cannot be made: ${error##*: }." \
      "choose a directory on a writable disk: --data /srv/streamstead"
  error=$({ printf '#!/bin/sh\nexit 0\n' >"$probe" && chmod 700 "$probe"; } 2>&1) ||
    fail "nothing can be written into $DATA: ${error##*: }." \
      "choose a directory on a writable disk: --data /srv/streamstead"
  if ! "$probe"; then
    rm -f "$probe"
    fail "programs below $DATA cannot be started (mounted noexec?)." \
      "choose a directory on another file system with --data."
  fi
  rm -f "$probe"
}

make_user() { # make_user NAME
  if id -u "$1" >/dev/null 2>&1; then return 0; fi
  useradd --system --user-group --no-create-home --home-dir "$DATA" \
    --shell "$(command -v nologin || echo /bin/false)" "$1"
  note "created the system user $1"
}

create_users() {
  { # one run at a time: another data directory may be installed beside this one
    flock 9
    make_user "$SERVICE_USER"
    # Of the platform alone: the manager listens to it, and to none of what handles media.
    make_user "$WEB_USER"
  } 9>/run/streamstead-users.lock
  SERVICE_GROUP=$(id -gn "$SERVICE_USER")
  # Root's, group-writable and sticky: a service can add files, not replace those of others.
  install -d -m 3775 -o root -g "$SERVICE_GROUP" "$DATA/config" "$DATA/logs"
  check_reachable
}

make_plain() { # make_plain FILE: what a service put in its place is removed; the folder is sticky
  if [ -L "$1" ] || { [ -e "$1" ] && { [ ! -f "$1" ] || [ ! -O "$1" ]; }; }; then rm -f "$1"; fi
  (umask 027 && : >>"$1")
}

check_reachable() { # every directory above the data must let the service user pass
  local path=$DATA closed=''
  runuser -u "$SERVICE_USER" -- test -x "$DATA" && return 0
  while [ "$path" != / ]; do
    path=$(dirname "$path")
    runuser -u "$SERVICE_USER" -- test -x "$path" || closed=$path
  done
  closed=${closed:-$DATA}
  fail "$closed is closed to the user $SERVICE_USER (mode $(stat -c %a "$closed")), so $DATA cannot be reached." \
    "choose another place with --data, or open the directory: chmod o+x $closed"
}

become_root() {
  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo >/dev/null ||
    fail "$PROGRAM works on packages and services, which needs root, and there is no sudo." \
      "run it as root: su -c ./$PROGRAM"
  local names
  names=$(compgen -e STREAMSTEAD_ | paste -sd , - || true)
  exec sudo ${names:+"--preserve-env=$names"} -- "$ROOT/$PROGRAM" "$@"
}

setting_before() { # setting_before NAME DEFAULT: from the environment, else from an earlier run
  local value=${!1:-}
  [ -n "$value" ] || value=$(sed -n "s/^$1=//p" "$DATA/config/.env" 2>/dev/null | tail -n 1)
  printf '%s' "${value:-$2}"
}

check_machine() {
  check_distribution /etc/os-release
  check_data_path
  prepare_data_dir
  exec 9>>"$DATA/releases/.lock"
  flock -n 9 ||
    fail "another bootstrap or upgrade is at work on $DATA." "wait until it is done, then run $AGAIN again."
  SERVICE_USER=$(setting_before STREAMSTEAD_USER streamstead)
  WEB_USER=$(setting_before STREAMSTEAD_WEB_USER streamstead-web)
  # shellcheck disable=SC2034 # for those that install packages
  RUNTIME=$(setting_before STREAMSTEAD_RUNTIME auto)
  create_users
  make_plain "$DATA/logs/bootstrap.log"
  move_log "$DATA/logs/bootstrap.log"
  name_release
  if release_complete; then check_disk "$NEED_RUN_MB"; else check_disk "$NEED_BUILD_MB"; fi
}
