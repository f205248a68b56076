import { useState } from 'react';
import type { Stream } from '../../lib/api-types';

// Facts come every two seconds: two minutes.
const KEPT = 60;

interface Course {
  at: number | null;
  kbps: number[];
}

/** The stream's bitrates since this page shows it, kbit/s, oldest first, 60 at most. */
export function useBitrateHistory({ facts_at_ms: at = null, recv_kbps: kbps }: Stream): number[] {
  const [course, setCourse] = useState<Course>({ at: null, kbps: [] });
  if (at !== course.at && at !== null && kbps != null) {
    setCourse({ at, kbps: [...course.kbps, kbps].slice(-KEPT) });
  }
  return course.kbps;
}
