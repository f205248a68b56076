import { useTranslation } from 'react-i18next';
import { StateBadge } from '../../../components/state-badge';
import { useFfmpegFeed } from '../../../lib/ffmpeg-feed';
import type { Channel } from '../../../lib/ffmpeg-types';
import { formatSeconds } from '../../../lib/format';
import { STALE_AFTER_MS, unheardMs } from '../../../lib/freshness';
import { useNow } from '../../../lib/use-now';
import { TONES } from '../channel-state';

/** A channel's state; without colour once nothing has been heard for a while. */
export function ChannelBadge({ channel: { state } }: { channel: Channel }) {
  const { t } = useTranslation();
  const unheard = unheardMs(useFfmpegFeed(), useNow());
  if (unheard > STALE_AFTER_MS) {
    return <StateBadge tone={TONES[state]} stale word={t('channels.stale', { time: formatSeconds(unheard / 1000) })} reason={t('channels.staleWhy')} />;
  }
  return <StateBadge tone={TONES[state]} word={t(`channels.states.${state}`)} reason={t(`channels.why.${state}`)} />;
}
