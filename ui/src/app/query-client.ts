import { QueryClient } from '@tanstack/react-query';
import { asApiError } from '../lib/api-error';

const RETRIES = 2;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // A refusal stays a refusal; only what may pass is tried again.
        retry: (count, error) => count < RETRIES && !isRefusal(asApiError(error).status),
        refetchOnWindowFocus: true,
      },
    },
  });
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500;
}
