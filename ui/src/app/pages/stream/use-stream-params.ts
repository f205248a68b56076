import { useParams } from '@tanstack/react-router';
import type { StreamRef } from '../../../lib/queries';

/** The stream that the address names. */
export function useStreamParams(): StreamRef {
  return useParams({ from: '/shell/streams/$app/$stream' });
}
