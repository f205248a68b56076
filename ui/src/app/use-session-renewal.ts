import { useEffect } from 'react';
import { apiPost } from '../lib/api-client';

const RENEW_EVERY_MS = 60 * 60 * 1000;

/** Keep the session alive while the page is open, so that a long show does not end at a sign-in. */
export function useSessionRenewal(): void {
  useEffect(() => {
    // A failed renewal needs no word: the next call that matters says what is wrong.
    const timer = setInterval(() => void apiPost('mgmt/token').catch(() => undefined), RENEW_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
}
