import { useTranslation } from 'react-i18next';
import { StateBadge } from '../../../components/state-badge';
import type { HouseService } from '../../../lib/house-types';
import { useLive } from '../../../lib/use-live';
import { serviceTone } from '../service-tone';
import { serviceWord } from '../service-words';

/** The state of a service; dimmed while nothing fresh is heard. */
export function ServiceBadge({ of: { state, detail } }: { of: HouseService }) {
  const { t } = useTranslation();
  const stale = useLive().connection === 'lost';
  return <StateBadge tone={serviceTone(state)} word={serviceWord('states', state, state, t)} reason={detail || undefined} stale={stale} />;
}
