import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { storageTargetsQuery } from '../../../lib/recording-queries';
import type { Recording } from '../../../lib/recording-types';

/** Where the files of a recording lie: this disk, a bucket by its name, both, or neither yet. */
export function Place({ recording: { local, in_bucket, target_id } }: { recording: Recording }) {
  const { t } = useTranslation();
  const targets = useQuery({ ...storageTargetsQuery, enabled: in_bucket, refetchInterval: false }).data?.targets;
  const bucket = targets?.find(({ id }) => id === target_id)?.label ?? t('recordings.place.bucket');
  const places = [...(local ? [t('recordings.place.disk')] : []), ...(in_bucket ? [bucket] : [])];
  return <>{places.length > 0 ? places.join(' + ') : '–'}</>;
}
