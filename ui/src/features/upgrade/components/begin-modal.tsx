import { Checkbox } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { Notice } from '../../../components/notice';
import { besidesPassword, OperatorPassword } from '../../../components/operator-password';
import type { UpgradeStatus } from '../../../lib/house-types';
import { useBeginRollback, useBeginUpgrade } from '../api/use-upgrade';
import type { Beginning } from './version-card';

interface BeginModalProps {
  kind: Beginning;
  status: UpgradeStatus;
  /** The version of the channel. */
  target: string | null;
  onClose: () => void;
}

/** Says what an upgrade, a rehearsal or the way back does before it begins. */
export function BeginModal({ kind, status: { waits_for, live_streams, rollback_to }, target, onClose }: BeginModalProps) {
  const { t } = useTranslation();
  const upgrade = useBeginUpgrade();
  const rollback = useBeginRollback();
  const [force, setForce] = useState(false);
  const [password, setPassword] = useState('');
  const version = kind === 'rollback' ? (rollback_to ?? '') : (target ?? '');
  const call = kind === 'rollback' ? rollback : upgrade;
  const submit = () => {
    const settled = { onSuccess: onClose };
    if (kind === 'rollback') rollback.mutate({ ...(version && { version }), ...(force && { force }), password }, settled);
    else upgrade.mutate({ ...(version && { version }), ...(force && { force }), ...(kind === 'try' && { dry_run: true }) }, settled);
  };
  return (
    <FormModal title={t(`upgrade.begin.${kind}.title`, { version })} submit={t(`upgrade.begin.${kind}.submit`)} pending={call.isPending} error={besidesPassword(call.error)} onSubmit={submit} onClose={onClose}>
      <p style={{ margin: 0 }}>{t(`upgrade.begin.${kind}.text`, { version })}</p>
      {kind !== 'try' && (
        <ul style={{ margin: 0, paddingLeft: 18 }}>
          <li>{t('upgrade.begin.streams')}</li>
          <li>{t('upgrade.begin.page')}</li>
          <li>{t('upgrade.begin.safe')}</li>
        </ul>
      )}
      {kind !== 'try' && waits_for.length > 0 && (
        <>
          <Checkbox label={t('upgrade.begin.force')} description={t('upgrade.begin.forceText')} checked={force} onChange={(event) => setForce(event.currentTarget.checked)} />
          {force && live_streams > 0 && <Notice tone="warn">{t('upgrade.begin.forceLive', { count: live_streams })}</Notice>}
        </>
      )}
      {kind === 'rollback' && <OperatorPassword value={password} onChange={setPassword} error={call.error} />}
    </FormModal>
  );
}
