import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CountField, isCount } from '../../../components/count-field';
import { Loaded } from '../../../components/loaded';
import { SaveBar } from '../../../components/save-bar';
import type { ChannelLimits } from '../../../lib/ffmpeg-types';
import { useDraft } from '../../../lib/use-draft';
import { limitsQuery, useUpdateLimits } from '../api/use-channels';

const MOST_KBPS = 1_000_000;
const MOST_MB = 100_000_000;

/** How much of this machine films and cameras may take. */
export function LimitsCard() {
  const { t } = useTranslation();
  const limits = useQuery(limitsQuery);
  return (
    <Card title={t('channels.limits.title')}>
      <Loaded query={limits} rows={3}>
        {(saved) => <LimitsForm saved={saved} />}
      </Loaded>
    </Card>
  );
}

function LimitsForm({ saved }: { saved: ChannelLimits }) {
  const { t } = useTranslation();
  const update = useUpdateLimits();
  const { value, changes, dirty, change, reset } = useDraft(saved);
  const fits = isCount(value.vlive_kbps, MOST_KBPS, 1) && isCount(value.camera_kbps, MOST_KBPS, 1) && isCount(value.quota_mb, MOST_MB);
  return (
    <Stack>
      <CountField
        label={t('channels.limits.vlive')}
        description={t('channels.limits.kbpsHint')}
        value={value.vlive_kbps}
        least={1}
        most={MOST_KBPS}
        onChange={(vlive_kbps) => change({ vlive_kbps })}
      />
      <CountField label={t('channels.limits.camera')} value={value.camera_kbps} least={1} most={MOST_KBPS} onChange={(camera_kbps) => change({ camera_kbps })} />
      <CountField label={t('channels.limits.quota')} description={t('channels.limits.quotaHint')} value={value.quota_mb} most={MOST_MB} onChange={(quota_mb) => change({ quota_mb })} />
      <SaveBar
        label={t('channels.limits.save')}
        dirty={dirty}
        pending={update.isPending}
        saved={update.isSuccess}
        error={update.error}
        onSave={() => fits && update.mutate(changes, { onSuccess: reset })}
      />
    </Stack>
  );
}
