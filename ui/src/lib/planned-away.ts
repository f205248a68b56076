let until = 0;

/** The API of this page is about to be restarted on purpose: its absence until then is no fault. 0: no longer. */
export function expectAway(forMs: number): void {
  until = forMs === 0 ? 0 : Date.now() + forMs;
}

export function isAwayExpected(now: number): boolean {
  return now < until;
}
