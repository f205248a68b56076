# shellcheck shell=bash
# Settings, ports, start, health. The manager starts and watches everything else. Sourced.

HEALTHY_WITHIN_S=60
UNIT_DIR=/etc/systemd/system
UNIT='' # stays empty where there is no systemd, or the manager runs in front

in_release() { "$RELEASE/venv/bin/python" -B "$@"; }
ask_mgmt() { in_release -S "$ROOT/auto/ask_mgmt.py" --data "$DATA" ${UNIT:+--unit "$UNIT"} "$@"; }

tell_failure_of() { # sets SAID; the last two lines of a command that fails are reason and advice
  if SAID=$("$@"); then return 0; fi
  printf '%s\n' "$SAID"
  fail "$(tail -n 2 <<<"$SAID" | head -n 1)" "$(tail -n 1 <<<"$SAID")"
}

write_settings() { # sets SETTINGS_CHANGED to the names that changed
  local first=''
  [ -e "$DATA/config/.env" ] || first=yes
  tell_failure_of in_release "$ROOT/auto/write_env.py" --data "$DATA" --user "$SERVICE_USER"
  SETTINGS_CHANGED=$SAID
  if [ -n "$first" ]; then
    note "wrote $DATA/config/.env with new random secrets"
  elif [ -n "$SETTINGS_CHANGED" ]; then
    note "changed in $DATA/config/.env: ${SETTINGS_CHANGED//$'\n'/ }"
  fi
  # What was asked for by variables is in the file now. The manager must not also inherit it:
  # a later change of the file would be hidden.
  local name
  for name in $(compgen -e STREAMSTEAD_); do unset "$name"; done
}

check_backup() { # before anything is built
  [ -f "$RESTORE" ] || fail "there is no file $RESTORE." "give --restore the file of a backup."
  [ -z "$PASSPHRASE_FILE" ] || [ -r "$PASSPHRASE_FILE" ] ||
    fail "$PASSPHRASE_FILE cannot be read." "give --passphrase-file a file with the passphrase."
  [ ! -e "$DATA/config/.env" ] ||
    fail "$DATA holds a house already, and it would be lost." \
      "choose an empty --data, or put that house back: streamstead backup restore $RESTORE"
}

restore_backup() {
  local line
  tell_failure_of open_backup
  while read -r line; do note "${line#note: }"; done <<<"$SAID"
}

open_backup() {
  "$RELEASE/venv/bin/streamstead" backup restore "$RESTORE" --into-empty --data "$DATA" \
    --user "$SERVICE_USER" ${PASSPHRASE_FILE:+--passphrase-file "$PASSPHRASE_FILE"} 2>&1
}

check_ports() {
  local line
  tell_failure_of in_release "$ROOT/auto/check_ports.py" --data "$DATA"
  while read -r line; do
    if [ -n "$line" ]; then note "${line#note: }"; fi
  done <<<"$SAID"
}

by_systemd() { [ -d /run/systemd/system ]; }

name_unit() { # sets UNIT: the plain name for the first installation of a machine
  UNIT=streamstead.service
  if [ -e "$UNIT_DIR/$UNIT" ] && ! grep -q -- "--data $DATA\$" "$UNIT_DIR/$UNIT"; then
    UNIT=streamstead-$(printf '%s' "$DATA" | sha256sum | cut -c 1-8).service
  fi
}

write_unit() {
  local text
  text=$(sed -e "s|{{ data }}|$DATA|g" -e "s|{{ unit }}|$UNIT|g" \
    "$DATA/current/containers/systemd/streamstead.service.j2")
  if [ "$(cat "$UNIT_DIR/$UNIT" 2>/dev/null)" != "$text" ]; then
    printf '%s\n' "$text" >"$UNIT_DIR/$UNIT"
    systemctl daemon-reload
  fi
  systemctl is-enabled --quiet "$UNIT" || systemctl enable --quiet "$UNIT"
}

start_manager() {
  if [ -n "$FOREGROUND" ]; then
    run_keeper --foreground >&3 2>&4 &
    KEEPER=$!
    at_exit end_keeper
  elif [ -n "$UNIT" ]; then
    write_unit
    systemctl reset-failed "$UNIT" 2>/dev/null || true
    systemctl start --no-block "$UNIT"
  else
    run_keeper
  fi
}

run_keeper() {
  # Away from the checkout, whose folders are named like modules. The lock and the operator's
  # terminal must not live on in a daemon.
  (cd / && exec "$DATA/current/venv/bin/python" -m streamstead.mgmt.keeper --data "$DATA" "$@" \
    3>&- 4>&- 9>&-)
}

# What was cut off is finished first, by the release that began it.
finish_upgrade() { [ ! -x "$DATA/upgrade/resume" ] || "$DATA/upgrade/resume" || true; }

go_over() { # go_over OPTION...: to another release, by the program of the one that runs
  local program=$DATA/current/venv/bin said line
  said=$(mktemp)
  # One from before there were upgrades of this kind: then the new one does it.
  "$program/python" -c 'import streamstead.mgmt.upgrade.runner' 2>/dev/null || program=$RELEASE/venv/bin
  if (cd / && exec "$program/streamstead" upgrade --data "$DATA" --by script \
    --healthy-wait "$HEALTHY_WITHIN_S" "$@" 2>"$said" 3>&- 4>&- 9>&-) |
    while read -r line; do note "$line"; done; then
    rm -f "$said"
    return 0
  fi
  line=$(tail -n 2 "$said")
  rm -f "$said"
  fail "${line%%$'\n'*}" "${line##*$'\n'}"
}

start_all() { # sets STATE: started, renewed or unchanged
  local before
  before=$(cat "$DATA/releases/.running" 2>/dev/null || true)
  STATE=unchanged
  finish_upgrade
  if by_systemd && [ -z "$FOREGROUND" ]; then
    name_unit
    # `streamstead start` and `stop` look it up.
    make_plain "$DATA/config/unit"
    chmod 644 "$DATA/config/unit"
    printf '%s\n' "$UNIT" >"$DATA/config/unit"
  elif ! ask_mgmt alive; then
    rm -f "$DATA/config/unit"
  fi
  if ask_mgmt alive; then
    [ -z "$FOREGROUND" ] ||
      fail "Streamstead runs in the background already." \
        "stop it first: $DATA/current/venv/bin/streamstead stop --data $DATA"
    if [ "$before" != "$(basename "$RELEASE")" ]; then
      STATE=renewed
      go_over --from "$RELEASE" ${SETTINGS_CHANGED:+--force}
      link_command
    elif [ -n "$SETTINGS_CHANGED" ]; then
      STATE=renewed
      restart_manager
    fi
  else
    STATE=started
    at_exit stop_if_unhealthy
    install_release
    start_manager
  fi
}

restart_manager() { # what runs is adopted; the manager renews our services, never live media
  if [ -n "$UNIT" ]; then
    write_unit
    systemctl restart --no-block "$UNIT"
  else
    ask_mgmt renew
    run_keeper
  fi
}

wait_healthy() {
  if ! SAID=$(ask_mgmt --timeout "$HEALTHY_WITHIN_S" wait); then
    printf '%s\n' "$SAID"
    fail "${SAID%%$'\n'*}" "${SAID##*$'\n'}"
  fi
  STATE=healthy
  basename "$RELEASE" >"$DATA/releases/.running"
  prune_releases
}

stop_if_unhealthy() { # a first start that failed leaves nothing behind
  [ "$STATE" = started ] || return 0
  "$DATA/current/venv/bin/streamstead" stop --data "$DATA"
}

end_keeper() { # the keeper takes SIGTERM as "stop everything in order"
  kill "$KEEPER" 2>/dev/null || true
  # `wait` returns at every signal, so it is asked until the keeper has really ended.
  while kill -0 "$KEEPER" 2>/dev/null; do
    wait "$KEEPER" || true
  done
}

stop_in_front() {
  end_keeper
  printf 'Streamstead has stopped.\n' >&3
  exit 0
}

finish() {
  # From here on Ctrl-C is the wish to stop, no failure.
  if [ -n "$FOREGROUND" ]; then trap stop_in_front INT TERM HUP; fi
  if [ -n "$DEMO" ]; then
    "$DATA/current/venv/bin/streamstead" demo on --data "$DATA" ||
      fail "the test picture could not be switched on." "read $DATA/logs/ffmpeg_forward.log, then run $AGAIN --demo again."
    printf '\nThe test picture is on; switch it off by: streamstead demo off%s\n' "$(data_option)" >&3
  fi
  tell_failure_of in_release "$ROOT/auto/report.py" --data "$DATA" --unit "$UNIT"
  printf '%s\n' "$SAID" >&3
  if [ -n "$FOREGROUND" ]; then
    wait "$KEEPER" || true
    stop_in_front
  fi
}

tell_how_to_start() {
  printf '\nEverything is installed below %s, and nothing was started.\nStart it by: ./bootstrap%s\n' \
    "$DATA" "$(data_option)" >&3
}

data_option() { [ "$DATA" = "$DEFAULT_DATA" ] || printf ' --data %s' "$DATA"; }
