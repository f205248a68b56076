import { Suspense, useState, type ReactNode } from 'react';

interface OnDemandProps {
  /** Shown until asked for, and while the rest is fetched. */
  trigger: (open: () => void) => ReactNode;
  /** A lazy component that begins open and holds the same trigger. */
  children: ReactNode;
}

/** Keeps the code of something that opens out of the first screen. */
export function OnDemand({ trigger, children }: OnDemandProps) {
  const [wanted, setWanted] = useState(false);
  const closed = trigger(() => setWanted(true));
  return wanted ? <Suspense fallback={closed}>{children}</Suspense> : closed;
}
