import { useQueries } from '@tanstack/react-query';
import { fileProbeQuery } from './api/use-channels';
import type { DraftItem } from './channel-draft';
import { codecWord, codecWords } from './codec-words';

export interface ItemFacts {
  duration_ms: number;
  /** As people write them. */
  codecs: string;
  problem: DraftItem['problem'];
  /** It is being looked into. */
  looking: boolean;
}

/** What is known of each entry; new files are looked into, as the server does it with what is saved. */
export function useItemFacts(items: DraftItem[]): ItemFacts[] {
  const unknown = ({ id, type, codecs }: DraftItem) => id === null && type !== 'stream' && codecs.length === 0;
  const probes = useQueries({ queries: items.map((item) => ({ ...fileProbeQuery(item.target), enabled: unknown(item) })) });
  return items.map((item, at) => {
    const probe = unknown(item) ? probes[at] : undefined;
    const media = probe?.data?.media;
    return {
      duration_ms: item.duration_ms || (probe?.data?.duration_ms ?? 0),
      codecs: media ? codecWords(media) : item.codecs.map(codecWord).join(' + '),
      problem: item.problem ?? probe?.data?.problem ?? null,
      looking: probe?.isFetching ?? false,
    };
  });
}
