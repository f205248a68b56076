import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CountField, isCount } from '../../../components/count-field';
import { Loaded } from '../../../components/loaded';
import { SaveBar } from '../../../components/save-bar';
import { formatMbps } from '../../../lib/format';
import type { StorageSettings } from '../../../lib/recording-types';
import { useDraft } from '../../../lib/use-draft';
import { settingsQuery, useUpdateSettings } from '../api/use-storage';

const MOST = { limit_kbps: 100_000_000, parallel: 8 } as const;

/** How much of the line uploads may take. */
export function SpeedCard() {
  const { t } = useTranslation();
  const settings = useQuery(settingsQuery);
  return (
    <Card title={t('storage.speed.title')}>
      <Loaded query={settings} rows={2}>
        {(saved) => <SpeedForm saved={saved} />}
      </Loaded>
    </Card>
  );
}

function SpeedForm({ saved }: { saved: StorageSettings }) {
  const { t } = useTranslation();
  const update = useUpdateSettings();
  const { value, changes, dirty, change, reset } = useDraft(saved);
  const fits = isCount(value.limit_kbps, MOST.limit_kbps) && isCount(value.parallel, MOST.parallel, 1);
  const limited = value.limit_kbps > 0 ? t('storage.speed.limitIs', { mbps: formatMbps(value.limit_kbps) }) : t('storage.speed.noLimit');
  return (
    <Stack>
      <CountField
        label={t('storage.speed.limit')}
        description={`${t('storage.speed.limitHint')} ${limited}`}
        value={value.limit_kbps}
        most={MOST.limit_kbps}
        onChange={(limit_kbps) => change({ limit_kbps })}
      />
      <CountField
        label={t('storage.speed.parallel')}
        description={t('storage.speed.parallelHint')}
        value={value.parallel}
        least={1}
        most={MOST.parallel}
        onChange={(parallel) => change({ parallel })}
      />
      <SaveBar
        label={t('storage.speed.save')}
        dirty={dirty}
        pending={update.isPending}
        saved={update.isSuccess}
        error={update.error}
        onSave={() => fits && update.mutate(changes, { onSuccess: reset })}
      />
    </Stack>
  );
}
