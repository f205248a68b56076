import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFfmpegFeed } from '../../lib/ffmpeg-feed';
import type { Channel } from '../../lib/ffmpeg-types';
import { draftOf, faultsOf, newDraft, SCHEMES, streamFor, toSend, type ChannelChange, type ChannelDraft, type DraftFault } from './channel-draft';

/** The state of a form about a channel: what is written, what is wrong with it, and how it is sent once `complete` has put in the rest. */
export function useChannelForm(channel: Channel | null, submit: (fields: ChannelChange) => void, complete = (draft: ChannelDraft) => draft) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<ChannelDraft>(() => (channel ? draftOf(channel) : newDraft()));
  const [tried, setTried] = useState(false);
  const channels = useFfmpegFeed().channels;
  const taken = new Set([...(channels?.values() ?? [])].filter(({ id }) => id !== channel?.id).map(({ to }) => `${to.app}/${to.stream}`));
  const suggestion = streamFor(draft.label, taken);
  const whole = complete({ ...draft, stream: draft.stream.trim() || suggestion });
  const faults = faultsOf(whole);
  return {
    draft,
    /** The stream's name as long as none was written. */
    suggestion,
    tried,
    change: (part: Partial<ChannelDraft>) => setDraft((now) => ({ ...now, ...part })),
    edit: setDraft,
    fault: (name: DraftFault): string | undefined =>
      tried && faults.has(name) && name !== 'minutes' ? t(`channels.form.faults.${name}`, { schemes: SCHEMES.join(', ') }) : undefined,
    send: () => {
      setTried(true);
      if (faults.size === 0) submit(toSend(whole));
    },
  };
}
