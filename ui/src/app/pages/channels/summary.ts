import type { TFunction } from 'i18next';
import { countStates } from '../../../features/channels/channel-state';
import type { Channel } from '../../../lib/ffmpeg-types';

/** Channels in one line: what is live, what is in trouble. */
export function channelsSummary(channels: Channel[] | null, kind: Channel['kind'], t: TFunction): string {
  if (channels === null || channels.length === 0) return t(`channels.${kind}.intro`);
  const counts = countStates(channels);
  const parts = (['live', 'trouble', 'waiting'] as const).filter((group) => counts[group] > 0).map((group) => t(`channels.summary.${group}`, { count: counts[group] }));
  return parts.length > 0 ? parts.join(' · ') : t('channels.summary.off');
}
