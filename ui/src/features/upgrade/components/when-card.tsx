import { NativeSelect, Radio, SimpleGrid, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Loaded } from '../../../components/loaded';
import { SaveBar } from '../../../components/save-bar';
import { StateBadge } from '../../../components/state-badge';
import { TimeAgo } from '../../../components/time-ago';
import { formatDateTime } from '../../../lib/format';
import type { UpgradeStatus, UpgradeWindow } from '../../../lib/house-types';
import { useDraft } from '../../../lib/use-draft';
import { zones } from '../../../lib/weekdays';
import { useStrategy, useUpdateWindow, windowQuery } from '../api/use-upgrade';

/** By itself or when told, and at which hours. */
export function WhenCard({ strategy }: { strategy: UpgradeStatus['strategy'] | undefined }) {
  const { t } = useTranslation();
  const choose = useStrategy();
  const window = useQuery(windowQuery);
  return (
    <Card title={t('upgrade.when.title')}>
      <Stack gap="lg">
        <Radio.Group
          label={t('upgrade.when.strategy')}
          value={choose.isPending ? choose.variables : (strategy ?? '')}
          onChange={(value) => choose.mutate(value as UpgradeStatus['strategy'])}
        >
          <Stack gap={10} mt={8}>
            <Radio value="auto" label={t('upgrade.when.auto')} description={t('upgrade.when.autoHint')} disabled={choose.isPending} />
            <Radio value="manual" label={t('upgrade.when.manual')} description={t('upgrade.when.manualHint')} disabled={choose.isPending} />
          </Stack>
        </Radio.Group>
        {choose.error && <HelpfulError error={choose.error} />}
        <Loaded query={window} rows={2}>
          {(data) => <WindowForm window={data} />}
        </Loaded>
      </Stack>
    </Card>
  );
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

function WindowForm({ window }: { window: UpgradeWindow }) {
  const { t, i18n } = useTranslation();
  const update = useUpdateWindow();
  const { start, duration, zone } = window;
  const { value, dirty, change } = useDraft({ start, duration, zone });
  const ends = (value.start + value.duration) % 24;
  return (
    <section aria-label={t('upgrade.when.window')}>
      <h3 style={{ margin: '0 0 4px', fontSize: 14 }}>{t('upgrade.when.window')}</h3>
      <p style={{ margin: '0 0 10px', color: 'var(--ss-dim)' }}>{t('upgrade.when.windowText')}</p>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <NativeSelect
          label={t('upgrade.when.from')}
          value={String(value.start)}
          data={HOURS.map((hour) => ({ value: String(hour), label: clock(hour) }))}
          onChange={(event) => change({ start: Number(event.currentTarget.value) })}
        />
        <NativeSelect
          label={t('upgrade.when.duration')}
          value={String(value.duration)}
          data={HOURS.map((hour) => ({ value: String(hour + 1), label: t('upgrade.when.hours', { count: hour + 1 }) }))}
          onChange={(event) => change({ duration: Number(event.currentTarget.value) })}
        />
        <NativeSelect label={t('upgrade.when.zone')} value={value.zone} data={zones(value.zone)} onChange={(event) => change({ zone: event.currentTarget.value })} />
      </SimpleGrid>
      <p style={{ margin: '10px 0', color: 'var(--ss-dim)' }}>
        {dirty ? (
          t('upgrade.when.span', { from: clock(value.start), to: clock(ends) })
        ) : window.open ? (
          <StateBadge tone="ok" word={t('upgrade.when.open')} />
        ) : (
          <span title={formatDateTime(window.next_open_ms, i18n.language)}>
            {t('upgrade.when.opens')} <TimeAgo ms={window.next_open_ms} />
          </span>
        )}
      </p>
      <SaveBar label={t('upgrade.when.save')} dirty={dirty} pending={update.isPending} saved={update.isSuccess} error={update.error} onSave={() => update.mutate(value)} />
    </section>
  );
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}
