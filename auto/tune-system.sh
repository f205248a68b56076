# shellcheck shell=bash
# Raise kernel limits and add swap, only where they are too small for live video; and back. Sourced.

SYSCTL_FILE=/etc/sysctl.d/90-streamstead.conf
SWAP_FILE=/swapfile-streamstead
SWAP_BELOW_MB=2048
SWAP_MB=1024
WANTED_LIMITS=(
  'net.core.somaxconn 4096'
  'net.core.rmem_max 8388608' # SRT and WebRTC lose packets in bursts with the kernel's 208 kB
  'net.core.wmem_max 8388608'
)

tune_system() {
  tune_limits
  add_swap
}

tune_limits() {
  local wanted name least path now raised=()
  for wanted in "${WANTED_LIMITS[@]}"; do
    read -r name least <<<"$wanted"
    path=/proc/sys/${name//./\/}
    # Absent in network namespaces of containers: nothing that we could set there.
    [ -r "$path" ] || continue
    now=$(cat "$path")
    [ "$now" -lt "$least" ] || continue
    if ! echo "$least" >"$path"; then
      note "warning: $name stays at $now (a container?); $least is better for many viewers"
      continue
    fi
    raised+=("$name=$least")
    note "$name raised from $now to $least (kept in $SYSCTL_FILE)"
  done
  [ "${#raised[@]}" -gt 0 ] || return 0
  mkdir -p "$(dirname "$SYSCTL_FILE")"
  touch "$SYSCTL_FILE"
  for wanted in "${raised[@]}"; do
    sed -i "/^${wanted%%=*} *=/d" "$SYSCTL_FILE"
    printf '%s = %s\n' "${wanted%%=*}" "${wanted#*=}" >>"$SYSCTL_FILE"
  done
}

add_swap() {
  local memory_mb swap_kb free_mb
  memory_mb=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) / 1024))
  swap_kb=$(awk '/^SwapTotal:/ { print $2 }' /proc/meminfo)
  [ "$memory_mb" -lt "$SWAP_BELOW_MB" ] && [ "$swap_kb" -eq 0 ] || return 0
  free_mb=$(df -Pm / | awk 'NR == 2 { print $4 }')
  if [ "$free_mb" -lt $((SWAP_MB + NEED_BUILD_MB)) ]; then
    note "warning: $memory_mb MB of memory, no swap, and no room on the disk to make some"
    return 0
  fi
  if [ ! -e "$SWAP_FILE" ] && ! make_swap; then
    rm -f "$SWAP_FILE"
    note "warning: swap could not be made; $memory_mb MB of memory is little"
    return 0
  fi
  if ! swapon "$SWAP_FILE"; then
    rm -f "$SWAP_FILE"
    note "warning: swap could not be switched on (a container?); $memory_mb MB of memory is little"
    return 0
  fi
  grep -qs "^$SWAP_FILE " /etc/fstab || printf '%s none swap sw 0 0\n' "$SWAP_FILE" >>/etc/fstab
  note "added $SWAP_MB MB of swap ($SWAP_FILE): the machine has $memory_mb MB of memory and had none"
}

make_swap() {
  (umask 077 && dd if=/dev/zero of="$SWAP_FILE" bs=1M count="$SWAP_MB" status=none) || return 1
  mkswap "$SWAP_FILE"
}

remove_tuning() { # what is in force now stays so until the next boot
  rm -f "$SYSCTL_FILE"
  [ -e "$SWAP_FILE" ] || return 0
  swapoff "$SWAP_FILE" || true
  rm -f "$SWAP_FILE"
  sed -i "\\|^$SWAP_FILE |d" /etc/fstab
}
