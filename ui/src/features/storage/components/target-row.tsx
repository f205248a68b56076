import { Button, Menu, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import { problemText } from '../../../lib/problem-text';
import type { StorageTarget } from '../../../lib/recording-types';
import { useMakeDefault, useTestTarget, useUpdateTarget } from '../api/use-storage';
import { TargetBadge } from './target-badge';
import classes from './target-row.module.css';
import { TestResult } from './test-result';

interface TargetRowProps {
  target: StorageTarget;
  /** The provider as people call it. */
  provider: string;
  onEdit: () => void;
  onRemove: () => void;
}

/** One bucket: does it work, and what can be done with it. */
export function TargetRow({ target, provider, onEdit, onRemove }: TargetRowProps) {
  const { t } = useTranslation();
  const update = useUpdateTarget();
  const test = useTestTarget();
  const makeDefault = useMakeDefault();
  const { id, label, enabled, is_default, health } = target;
  const fault = update.error ?? makeDefault.error ?? test.error;
  const why = enabled && health.ok === false ? problemText(health, t) : null;
  return (
    <li className={classes.row}>
      <Switch
        aria-label={t('storage.row.enable', { label })}
        checked={update.isPending ? (update.variables.enabled ?? enabled) : enabled}
        disabled={update.isPending}
        onChange={(event) => update.mutate({ id, enabled: event.currentTarget.checked })}
      />
      <div style={{ minWidth: 0 }}>
        <div className={classes.head}>
          <h3 className={classes.name}>{label}</h3>
          <TargetBadge target={target} />
          {is_default && <span className={classes.default}>{t('storage.row.default')}</span>}
        </div>
        <div className={classes.facts}>
          <span>{provider}</span>
          <span className={classes.address}>
            {target.bucket}
            {target.prefix && `/${target.prefix}`}
          </span>
          {target.region && <span>{target.region}</span>}
          {target.access_key_hint && <span>{t('storage.row.key', { hint: target.access_key_hint })}</span>}
        </div>
        {why && (
          <p className={classes.error}>
            {why.message} {why.help}
          </p>
        )}
      </div>
      <div className={classes.actions}>
        <Button variant="default" size="compact-md" loading={test.isPending} aria-label={t('storage.row.testOf', { label })} onClick={() => test.mutate({ id })}>
          {t('storage.row.test')}
        </Button>
        <RowMenu label={t('storage.row.menu', { label })}>
          <Menu.Item leftSection={<Icon name="edit" />} onClick={onEdit}>
            {t('storage.row.edit')}
          </Menu.Item>
          {!is_default && (
            <Menu.Item leftSection={<Icon name="check" />} onClick={() => makeDefault.mutate(id)}>
              {t('storage.row.makeDefault')}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={onRemove}>
            {t('storage.row.remove')}
          </Menu.Item>
        </RowMenu>
      </div>
      {test.data && (
        <div className={classes.result}>
          <TestResult test={test.data} />
        </div>
      )}
      {fault && (
        <div className={classes.result}>
          <HelpfulError error={fault} />
        </div>
      )}
    </li>
  );
}
