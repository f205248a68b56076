import { Button, Group, Menu, Skeleton, Stack } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { KeyValue } from '../../../components/key-value';
import { Notice } from '../../../components/notice';
import { RowMenu } from '../../../components/row-menu';
import { StateBadge } from '../../../components/state-badge';
import { TimeAgo } from '../../../components/time-ago';
import type { UpgradeStatus } from '../../../lib/house-types';
import { problemText } from '../../../lib/problem-text';
import { useLookForReleases } from '../api/use-upgrade';
import type { UpgradeState } from '../use-upgrade-state';
import { RunView } from './run-view';

const BeginModal = lazy(() => import('./begin-modal').then((module) => ({ default: module.BeginModal })));

export type Beginning = 'upgrade' | 'try' | 'rollback';

/** Which version runs, what is newer, and the way there; while it is gone, how far. */
export function VersionCard({ state }: { state: UpgradeState }) {
  const { t } = useTranslation();
  const look = useLookForReleases();
  const [begin, setBegin] = useState<Beginning | null>(null);
  const { status, run, away, outdated } = state;
  if (!status) {
    return (
      <Card title={t('upgrade.version')}>{state.error ? <HelpfulError error={state.error} onRetry={state.retry} /> : <Skeleton h={150} />}</Card>
    );
  }
  const target = wanted(status);
  const newer = target !== null && target !== status.version;
  return (
    <Card
      title={t('upgrade.version')}
      aside={
        !run && (
          <Group gap={6}>
            <Button variant="default" loading={look.isPending} onClick={() => look.mutate(undefined)}>
              {t('upgrade.look')}
            </Button>
            {!status.in_image && <Ways status={status} newer={newer} onBegin={setBegin} />}
          </Group>
        )
      }
    >
      <Stack gap="md">
        {outdated && !run && (
          <Notice tone="ok" role="status" title={t('upgrade.reloadTitle')}>
            <p>{t('upgrade.reloadText')}</p>
            <Button mt={8} size="compact-md" variant="default" onClick={() => location.reload()}>
              {t('upgrade.reload')}
            </Button>
          </Notice>
        )}
        {run && <RunView run={run} away={away} />}
        <Versions status={status} newer={newer} />
        {status.in_image && <Notice tone="idle">{t('errors.upgrade_in_image.message')} {t('errors.upgrade_in_image.help')}</Notice>}
        {!run && !status.in_image && <Waits status={status} newer={newer} />}
        {look.error && <HelpfulError error={look.error} />}
        {state.error !== null && <HelpfulError error={state.error} onRetry={state.retry} />}
      </Stack>
      <Suspense>{begin && <BeginModal kind={begin} status={status} target={target} onClose={() => setBegin(null)} />}</Suspense>
    </Card>
  );
}

function Ways({ status, newer, onBegin }: { status: UpgradeStatus; newer: boolean; onBegin: (begin: Beginning) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <Button disabled={!newer} onClick={() => onBegin('upgrade')}>
        {t('upgrade.now')}
      </Button>
      <RowMenu label={t('upgrade.more')}>
        <Menu.Item leftSection={<Icon name="eye" />} disabled={!newer} onClick={() => onBegin('try')}>
          {t('upgrade.dryRun')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="back" />} disabled={!status.rollback_to} onClick={() => onBegin('rollback')}>
          {status.rollback_to ? t('upgrade.rollbackTo', { version: status.rollback_to }) : t('upgrade.noRollback')}
        </Menu.Item>
      </RowMenu>
    </>
  );
}

function wanted({ channel, releases }: UpgradeStatus): string | null {
  return channel === 'latest' ? releases.latest : releases.stable;
}

function Versions({ status: { version, release, releases, channel, source }, newer }: { status: UpgradeStatus; newer: boolean }) {
  const { t } = useTranslation();
  const fault = releases.error ? problemText(releases.error, t) : null;
  return (
    <>
      <KeyValue
        facts={[
          {
            name: t('upgrade.running'),
            value: (
              <Group gap={10}>
                {version}
                {releases.at_ms !== null && !fault && (
                  <StateBadge tone={newer ? 'warn' : 'ok'} word={t(newer ? 'upgrade.newer' : 'upgrade.upToDate')} />
                )}
              </Group>
            ),
            title: release,
          },
          { name: t('upgrade.stable'), value: releases.stable ?? '–' },
          { name: t('upgrade.latest'), value: releases.latest ?? '–' },
          { name: t('upgrade.lookedUp'), value: releases.at_ms === null ? t('upgrade.never') : <TimeAgo ms={releases.at_ms} /> },
          { name: t('upgrade.channel'), value: t(`upgrade.channels.${channel}.name`) },
          { name: t('upgrade.source'), value: t(`upgrade.sources.${source}.name`) },
        ]}
      />
      {fault && (
        <Notice tone="warn" title={fault.message}>
          {fault.help}
        </Notice>
      )}
    </>
  );
}

/** What an upgrade would have to wait for. */
function Waits({ status: { waits_for, live_streams }, newer }: { status: UpgradeStatus; newer: boolean }) {
  const { t } = useTranslation();
  if (!newer || waits_for.length === 0) return null;
  return (
    <Notice tone="idle" title={t('upgrade.waits.title')}>
      <ul style={{ margin: '4px 0 0', paddingLeft: 18 }}>
        {waits_for.map((what) => (
          <li key={what}>{t(`upgrade.waits.${what}` as 'upgrade.waits.window', { count: live_streams, defaultValue: what })}</li>
        ))}
      </ul>
    </Notice>
  );
}
