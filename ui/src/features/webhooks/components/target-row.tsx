import { Button, Menu, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import { TimeAgo } from '../../../components/time-ago';
import type { HookDelivery, HookTarget } from '../../../lib/api-types';
import { useTestTarget, useUpdateTarget } from '../api/use-webhooks';
import { eventName } from '../event-groups';
import { TargetBadge } from './target-badge';
import classes from './target-row.module.css';
import { TestResult } from './test-result';

export type TargetTask = 'edit' | 'rotate' | 'remove';

interface TargetRowProps {
  target: HookTarget;
  onTask: (task: TargetTask) => void;
  onShowLog: () => void;
  onShowDelivery: (delivery: HookDelivery) => void;
}

/** One target: does it get through, and what can be done with it. */
export function TargetRow({ target, onTask, onShowLog, onShowDelivery }: TargetRowProps) {
  const { t } = useTranslation();
  const update = useUpdateTarget();
  const test = useTestTarget();
  const { label } = target;
  return (
    <li className={classes.row}>
      <Switch
        aria-label={t('webhooks.row.enable', { label })}
        checked={update.isPending ? (update.variables.enabled ?? target.enabled) : target.enabled}
        disabled={update.isPending}
        onChange={(event) => update.mutate({ id: target.id, enabled: event.currentTarget.checked })}
      />
      <div style={{ minWidth: 0 }}>
        <div className={classes.head}>
          <h3 className={classes.name}>{label}</h3>
          <TargetBadge target={target} />
        </div>
        <div className={classes.url} title={target.url}>
          {target.url}
        </div>
        <TargetFacts target={target} />
        {target.enabled && target.last_error && <p className={classes.error}>{target.last_error}</p>}
      </div>
      <div className={classes.actions}>
        <Button
          variant="default"
          size="compact-md"
          loading={test.isPending}
          aria-label={t('webhooks.row.testOf', { label })}
          onClick={() => test.mutate(target.id)}
        >
          {t('webhooks.row.test')}
        </Button>
        <RowMenu label={t('webhooks.row.menu', { label })}>
          <Menu.Item leftSection={<Icon name="edit" />} onClick={() => onTask('edit')}>
            {t('webhooks.row.edit')}
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="info" />} onClick={onShowLog}>
            {t('webhooks.row.showLog')}
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="rotate" />} onClick={() => onTask('rotate')}>
            {t('webhooks.row.rotate')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={() => onTask('remove')}>
            {t('webhooks.row.remove')}
          </Menu.Item>
        </RowMenu>
      </div>
      {test.data && (
        <div className={classes.result}>
          <TestResult delivery={test.data} onShow={() => onShowDelivery(test.data)} />
        </div>
      )}
      {(test.error ?? update.error) !== null && (
        <div className={classes.result}>
          <HelpfulError error={test.error ?? update.error} />
        </div>
      )}
    </li>
  );
}

function TargetFacts({ target }: { target: HookTarget }) {
  const { t } = useTranslation();
  return (
    <div className={classes.facts}>
      <span>
        {target.last_ok_ms == null ? (
          t('webhooks.row.never')
        ) : (
          <>
            {t('webhooks.row.lastOk')} <TimeAgo ms={target.last_ok_ms} />
          </>
        )}
      </span>
      <span title={target.types.map((type) => eventName(type, t)).join('\n')}>{t('webhooks.row.events', { count: target.types.length })}</span>
      {target.pending > 0 && (
        <span data-tone="warn">
          {t('webhooks.row.pending')} {target.pending}
        </span>
      )}
      {target.dropped > 0 && (
        <span data-tone="error">
          {t('webhooks.row.dropped')} {target.dropped}
        </span>
      )}
      {target.blocking && <span>{t('webhooks.row.blocking')}</span>}
      {target.allow_private && <span>{t('webhooks.row.private')}</span>}
    </div>
  );
}
