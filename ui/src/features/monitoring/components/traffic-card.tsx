import { NativeSelect, NumberInput, SimpleGrid, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CountField, isCount } from '../../../components/count-field';
import { Loaded } from '../../../components/loaded';
import { SaveBar } from '../../../components/save-bar';
import { TrafficGauge } from '../../../components/traffic-gauge';
import type { TrafficSettings } from '../../../lib/monitor-types';
import { useDraft } from '../../../lib/use-draft';
import { trafficQuery, useUpdateTraffic } from '../api/use-monitoring';

const LAST_DAY = 28;

/** How much traffic the plan of this server has, and how it is counted. */
export function TrafficCard() {
  const { t } = useTranslation();
  const query = useQuery(trafficQuery);
  return (
    <Card title={t('traffic.title')}>
      <Loaded query={query}>{(saved) => <TrafficForm saved={saved} />}</Loaded>
    </Card>
  );
}

function TrafficForm({ saved }: { saved: TrafficSettings }) {
  const { t, i18n } = useTranslation();
  const update = useUpdateTraffic();
  const { quota_gb, resets_on_day, count, interface: chosen } = saved;
  const draft = useDraft({ quota_gb, resets_on_day, count, interface: chosen });
  const { value, change } = draft;
  const since = saved.traffic.since;
  const good = isCount(value.resets_on_day, LAST_DAY, 1) && (value.quota_gb === null || value.quota_gb > 0);
  return (
    <Stack gap="md">
      <TrafficGauge traffic={saved.traffic} linked={false} />
      {since && (
        <p style={{ margin: 0, color: 'var(--ss-dim)', fontSize: 13 }}>
          {t('traffic.since', { day: new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeZone: 'UTC' }).format(Date.parse(since)) })}
        </p>
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput
          label={t('traffic.quota')}
          description={t('traffic.quotaHint')}
          value={value.quota_gb ?? ''}
          allowNegative={false}
          hideControls
          clampBehavior="none"
          inputMode="decimal"
          onChange={(next) => change({ quota_gb: next === '' ? null : Number(next) })}
        />
        <CountField label={t('traffic.resets')} description={t('traffic.resetsHint')} value={value.resets_on_day} least={1} most={LAST_DAY} onChange={(day) => change({ resets_on_day: day })} />
        <NativeSelect
          label={t('traffic.count')}
          value={value.count}
          data={(['out', 'both'] as const).map((one) => ({ value: one, label: t(`traffic.counts.${one}`) }))}
          onChange={(event) => change({ count: event.currentTarget.value as 'out' | 'both' })}
        />
        <NativeSelect
          label={t('traffic.interface')}
          value={value.interface}
          data={[{ value: '', label: t('traffic.auto', { name: saved.traffic.interface }) }, ...saved.interfaces.map((name) => ({ value: name, label: name }))]}
          onChange={(event) => change({ interface: event.currentTarget.value })}
        />
      </SimpleGrid>
      <SaveBar
        label={t('traffic.save')}
        dirty={draft.dirty && good}
        pending={update.isPending}
        saved={update.isSuccess}
        error={update.error}
        onSave={() => update.mutate(draft.changes, { onSuccess: draft.reset })}
      />
    </Stack>
  );
}
