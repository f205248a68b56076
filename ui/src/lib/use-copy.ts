import { useEffect, useState } from 'react';
import { copyText } from './clipboard';

export type CopyOutcome = 'copied' | 'failed';

/** Copy to the clipboard and hold the outcome for two seconds. */
export function useCopy(): { copy: (text: string) => Promise<void>; outcome: CopyOutcome | null } {
  const [result, setResult] = useState<{ outcome: CopyOutcome } | null>(null);

  useEffect(() => {
    if (!result) return;
    const timer = setTimeout(() => setResult(null), 2000);
    return () => clearTimeout(timer);
  }, [result]);

  return {
    copy: async (text) => setResult({ outcome: (await copyText(text)) ? 'copied' : 'failed' }),
    outcome: result?.outcome ?? null,
  };
}
