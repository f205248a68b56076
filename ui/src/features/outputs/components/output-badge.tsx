import { useTranslation } from 'react-i18next';
import { StateBadge } from '../../../components/state-badge';
import type { Output } from '../../../lib/ffmpeg-types';
import { formatDateTime, formatSeconds } from '../../../lib/format';
import { acceptedAgeMs } from '../../../lib/freshness';
import { isStale, TONES } from '../output-state';
import { outputProblem } from '../problem-words';

interface OutputBadgeProps {
  output: Output;
  serverNow: number;
  /** For how long the connection has told nothing. */
  unheardMs: number;
}

/** How an output is, since when and why. Green only while the far end has just accepted something. */
export function OutputBadge({ output, serverNow, unheardMs }: OutputBadgeProps) {
  const { t, i18n } = useTranslation();
  const { state, since_ms, live_since_ms, problem } = output;
  const stale = isStale(output, serverNow, unheardMs);
  const age = acceptedAgeMs(output, serverNow);
  if (state === 'live' && stale) {
    const word = age === null ? t('outputs.state.unproven') : t('outputs.state.lastSeen', { time: formatSeconds(age / 1000) });
    return <StateBadge tone="ok" stale word={word} reason={t('outputs.state.lastSeenWhy')} />;
  }
  const since = live_since_ms ?? since_ms;
  const lasting = state === 'live' ? `${t('outputs.state.live')} ${formatSeconds((serverNow - since) / 1000)}` : t(`outputs.state.${state}`);
  const why = state === 'off' || state === 'live' || problem === null ? t(`outputs.why.${state}`) : outputProblem(problem, t, i18n.language).message;
  const reason = `${why} ${t('outputs.since', { at: formatDateTime(since, i18n.language) })}`;
  return <StateBadge tone={TONES[state]} stale={stale} word={lasting} reason={reason} />;
}
