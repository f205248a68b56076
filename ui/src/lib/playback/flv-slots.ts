// Over plain http a browser opens six connections to a host at most, over all tabs. Each FLV picture and
// each live-state connection holds one for good, so the rest of the page would starve.
const MOST_AT_ONCE = 2;
let taken = 0;

/** Reserve one long-lived connection; the result gives it back (once). null when all are taken. */
export function takeFlvSlot(): (() => void) | null {
  if (taken >= MOST_AT_ONCE) return null;
  taken += 1;
  let held = true;
  return () => {
    if (held) taken -= 1;
    held = false;
  };
}
