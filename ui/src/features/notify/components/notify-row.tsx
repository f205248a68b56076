import { Button, Menu, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { Notice } from '../../../components/notice';
import { RowMenu } from '../../../components/row-menu';
import { StateBadge, type Tone } from '../../../components/state-badge';
import { TimeAgo } from '../../../components/time-ago';
import type { NotifyTarget } from '../../../lib/monitor-types';
import { useTestNotify, useUpdateNotify } from '../api/use-notify';
import classes from './notify-row.module.css';

interface NotifyRowProps {
  target: NotifyTarget;
  onEdit: () => void;
  onRemove: () => void;
}

/** One who is told: does it arrive there, and what can be done with it. */
export function NotifyRow({ target, onEdit, onRemove }: NotifyRowProps) {
  const { t } = useTranslation();
  const update = useUpdateNotify();
  const test = useTestNotify();
  const { id, label, kind, hint, levels, last, waiting } = target;
  const state = stateOf(target);
  const error = test.error ?? update.error;
  return (
    <li className={classes.row}>
      <Switch
        aria-label={t('notify.enable', { label })}
        checked={update.isPending ? (update.variables.enabled ?? target.enabled) : target.enabled}
        disabled={update.isPending}
        onChange={(event) => update.mutate({ id, enabled: event.currentTarget.checked })}
      />
      <div style={{ minWidth: 0 }}>
        <div className={classes.head}>
          <h3 className={classes.name}>{label}</h3>
          <StateBadge tone={TONES[state]} word={t(`notify.states.${state}`)} />
        </div>
        <div className={classes.hint}>
          {t(`notify.kinds.${kind}`)} · {hint}
        </div>
        <div className={classes.facts}>
          <span>{levels.map((level) => t(`levels.${level}`)).join(', ')}</span>
          {last && (
            <span>
              {t('notify.last')} <TimeAgo ms={last.at_ms} />
            </span>
          )}
          {waiting > 0 && <span data-tone="warn">{t('notify.waiting', { count: waiting })}</span>}
        </div>
        {target.enabled && last && !last.ok && <p className={classes.error}>{last.error}</p>}
      </div>
      <div className={classes.actions}>
        <Button variant="default" size="compact-md" loading={test.isPending} aria-label={t('notify.testOf', { label })} onClick={() => test.mutate(id)}>
          {t('notify.test')}
        </Button>
        <RowMenu label={t('notify.menu', { label })}>
          <Menu.Item leftSection={<Icon name="edit" />} onClick={onEdit}>
            {t('notify.edit')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={onRemove}>
            {t('notify.remove')}
          </Menu.Item>
        </RowMenu>
      </div>
      {test.data && (
        <div className={classes.result}>
          <Notice tone={test.data.ok ? 'ok' : 'error'} role={test.data.ok ? 'status' : 'alert'} title={t(test.data.ok ? 'notify.testOk' : 'notify.testFailed')}>
            <p style={{ overflowWrap: 'anywhere' }}>{test.data.message}</p>
          </Notice>
        </div>
      )}
      {error && (
        <div className={classes.result}>
          <HelpfulError error={error} />
        </div>
      )}
    </li>
  );
}

type State = 'off' | 'new' | 'ok' | 'failing';
const TONES: Record<State, Tone> = { off: 'idle', new: 'idle', ok: 'ok', failing: 'error' };

function stateOf({ enabled, last }: NotifyTarget): State {
  if (!enabled) return 'off';
  if (last === null) return 'new';
  return last.ok ? 'ok' : 'failing';
}
