# shellcheck shell=bash
# Steps with progress and time taken; a failure told as one line of reason and one of advice.
# Sourced by bootstrap and upgrade. What a step prints goes to $LOG; `note` and `fail` speak to
# the operator.

EXIT_TOLD=3 # the reason has been told already; anything else is told by on_exit
LOG=/dev/null
STEP_TITLE=''
STEP_NUMBER=0
STEP_TOTAL=0
STEP_BEGAN_US=0
LINE_OPEN=''
AGAIN='./bootstrap'
AT_EXIT=()
exec 3>&1 4>&2

now_us() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }

begin_log() { # begin_log FILE: from here on the steps' own output goes to FILE
  LOG=$1
  exec >>"$LOG" 2>&1
  printf '\n=== %s %s\n' "$(date -u +%FT%TZ)" "$PROGRAM"
}

move_log() { # move_log FILE: go on in FILE, with what was written so far
  local old=$LOG
  cat "$old" >>"$1"
  LOG=$1
  exec >>"$LOG" 2>&1
  rm -f "$old"
}

step() { # step TITLE COMMAND...
  STEP_TITLE=$1
  shift
  STEP_NUMBER=$((STEP_NUMBER + 1))
  STEP_BEGAN_US=$(now_us)
  printf '[%d/%d] %-34s ' "$STEP_NUMBER" "$STEP_TOTAL" "$STEP_TITLE" >&3
  LINE_OPEN=yes
  printf -- '--- %s\n' "$STEP_TITLE"
  # Never `if "$@"`: bash would switch `set -e` off inside the whole step.
  "$@"
  end_line ok
  STEP_TITLE=''
}

seconds_of_step() {
  local tenths=$((($(now_us) - STEP_BEGAN_US) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

end_line() { # end_line RESULT
  [ -n "$STEP_TITLE" ] || return 0
  if [ -n "$LINE_OPEN" ]; then
    printf '%s (%s)\n' "$1" "$(seconds_of_step)" >&3
  else
    printf '      %s (%s)\n' "$1" "$(seconds_of_step)" >&3
  fi
  LINE_OPEN=''
}

note() { # note TEXT: one line for the operator, below the running step
  [ -z "$LINE_OPEN" ] || printf '\n' >&3
  LINE_OPEN=''
  printf '      %s\n' "$1" >&3
  printf 'note: %s\n' "$1"
}

fail() { # fail REASON ADVICE: ends the program
  end_line failed
  [ "$LOG" = /dev/null ] || {
    printf 'Detail: %s\n' "$LOG" >&4
    printf 'Reason: %s\nAdvice: %s\n' "$1" "$2"
  }
  printf 'Reason: %s\nAdvice: %s\n' "$1" "$2" >&4
  exit "$EXIT_TOLD"
}

at_exit() { AT_EXIT+=("$1"); } # at_exit FUNCTION: run on the way out, last one first

on_exit() {
  local status=$? i
  trap - EXIT INT TERM HUP
  set +e
  if [ "$status" -ne 0 ] && [ "$status" -ne "$EXIT_TOLD" ] && [ -n "$STEP_TITLE" ]; then
    end_line failed
    printf 'Detail: %s\n' "$LOG" >&4
    if [ "$status" -gt 128 ] && [ "$status" -le 143 ]; then
      printf 'Reason: interrupted during "%s".\n' "$STEP_TITLE" >&4
      printf 'Advice: run %s again; it goes on where it stopped.\n' "$AGAIN" >&4
    else
      printf 'Reason: the step "%s" ended with status %d, which was not foreseen.\n' \
        "$STEP_TITLE" "$status" >&4
      printf 'Advice: read the end of %s, then run %s again; it goes on where it stopped.\n' \
        "$LOG" "$AGAIN" >&4
    fi
  fi
  for ((i = ${#AT_EXIT[@]} - 1; i >= 0; i--)); do
    "${AT_EXIT[i]}"
  done
  exit "$status"
}

watch_exit() {
  trap on_exit EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
}
