import { Switch } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { DataTable, type Column } from '../../../components/data-table';
import { HelpfulError } from '../../../components/helpful-error';
import { IconButton } from '../../../components/icon-button';
import { LevelMark } from '../../../components/level-mark';
import { Loaded } from '../../../components/loaded';
import { ruleName } from '../../../lib/alert-words';
import { formatSeconds } from '../../../lib/format';
import type { AlertRule } from '../../../lib/monitor-types';
import { rulesQuery, useUpdateRule } from '../api/use-alerts';
import { withUnit } from '../units';

const RuleModal = lazy(() => import('./rule-modal').then((module) => ({ default: module.RuleModal })));

/** What counts as wrong, and from when on. */
export function RulesCard() {
  const { t } = useTranslation();
  const query = useQuery(rulesQuery);
  const update = useUpdateRule();
  const [edited, setEdited] = useState<AlertRule | null>(null);
  const columns: Column<AlertRule>[] = [
    {
      key: 'name',
      head: t('alerts.rules.name'),
      kind: 'main',
      cell: (rule) => (
        <Switch
          size="xs"
          label={ruleName(rule.rule, t)}
          checked={update.isPending && update.variables.rule === rule.rule ? (update.variables.enabled ?? rule.enabled) : rule.enabled}
          disabled={update.isPending}
          onChange={(event) => update.mutate({ rule: rule.rule, enabled: event.currentTarget.checked })}
        />
      ),
    },
    { key: 'level', head: t('alerts.level'), cell: ({ level }) => <LevelMark level={level} /> },
    { key: 'threshold', head: t('alerts.rules.threshold'), cell: ({ threshold, unit }) => (threshold === null ? '–' : withUnit(threshold, unit, t)) },
    { key: 'for', head: t('alerts.rules.for'), cell: ({ for_s }) => (for_s === 0 ? t('alerts.rules.atOnce') : formatSeconds(for_s)) },
    { key: 'changed', head: t('alerts.rules.changed'), cell: ({ changed }) => (changed ? t('common.yes') : '–') },
    {
      key: 'edit',
      head: t('alerts.rules.change'),
      kind: 'actions',
      cell: (rule) => <IconButton icon="edit" name={t('alerts.rules.changeOf', { name: ruleName(rule.rule, t) })} onClick={() => setEdited(rule)} />,
    },
  ];
  return (
    <Card title={t('alerts.rules.title')}>
      {update.error && (
        <div style={{ marginBottom: 12 }}>
          <HelpfulError error={update.error} />
        </div>
      )}
      <Loaded query={query} rows={6}>
        {({ rules }) => <DataTable label={t('alerts.rules.title')} columns={columns} rows={rules} rowKey={({ rule }) => rule} faded={({ enabled }) => !enabled} step={12} />}
      </Loaded>
      <Suspense>{edited && <RuleModal rule={edited} onClose={() => setEdited(null)} />}</Suspense>
    </Card>
  );
}
