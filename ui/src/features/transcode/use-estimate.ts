import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { LadderEstimate } from '../../lib/ffmpeg-types';
import { estimateQuery } from './api/use-transcode';
import { isComplete, toSend, type LadderDraft } from './ladder-draft';

/** A keystroke is no ladder yet. */
const PAUSE_MS = 300;

export interface Estimate {
  data: LadderEstimate | undefined;
  error: unknown;
  /** The figures are of what is written now. */
  fresh: boolean;
}

/** What a ladder would take of the processor, asked again as it is written; `id` of one that it replaces. */
export function useEstimate(draft: LadderDraft, id: string): Estimate {
  const [settled] = useDebouncedValue(draft, PAUSE_MS);
  const complete = isComplete(settled);
  const query = useQuery({ ...estimateQuery(toSend(settled), id), enabled: complete });
  return { data: query.data, error: complete ? query.error : null, fresh: settled === draft && complete && !query.isPlaceholderData && query.data !== undefined };
}
