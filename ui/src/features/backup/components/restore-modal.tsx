import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmType } from '../../../components/confirm-type';
import { Notice } from '../../../components/notice';
import { besidesPassword, OperatorPassword } from '../../../components/operator-password';
import { formatDateTime } from '../../../lib/format';
import type { Backup } from '../../../lib/house-types';
import { expectAway } from '../../../lib/planned-away';
import { useLive } from '../../../lib/use-live';
import { useRestoreBackup } from '../api/use-backup';
import { PassphraseField } from './passphrase-field';

// Everything restarts; what takes longer than this has gone wrong.
const AWAY_MS = 180_000;

/** The house as it was: asks for a word and for what the backup was locked with. */
export function RestoreModal({ backup, onClose }: { backup: Backup; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const restore = useRestoreBackup();
  const live = useLive().streams?.length ?? 0;
  const [passphrase, setPassphrase] = useState('');
  const [password, setPassword] = useState('');
  const date = formatDateTime(backup.at_ms, i18n.language);
  const word = t('backup.restore.word');
  return (
    <ConfirmType
      title={t('backup.restore.title', { date })}
      text={t('backup.restore.text', { date, version: backup.version })}
      word={word}
      ask={t('backup.restore.ask', { word })}
      confirm={t('backup.restore.confirm')}
      pending={restore.isPending}
      error={besidesPassword(restore.error)}
      onConfirm={() =>
        restore.mutate(
          { id: backup.id, passphrase, password },
          {
            onSuccess: () => {
              expectAway(AWAY_MS);
              onClose();
            },
          },
        )
      }
      onClose={onClose}
    >
      <ul style={{ margin: 0, paddingLeft: 18 }}>
        <li>{t('backup.restore.lost')}</li>
        <li>{t('backup.restore.streams')}</li>
        <li>{t('backup.restore.safe')}</li>
        <li>{t('backup.restore.signInAfter')}</li>
      </ul>
      {live > 0 && <Notice tone="warn">{t('backup.restore.live', { count: live })}</Notice>}
      {backup.encrypted && <PassphraseField label={t('backup.passphrase')} description={t('backup.restore.passphraseHint')} value={passphrase} onChange={setPassphrase} />}
      <OperatorPassword value={password} onChange={setPassword} error={restore.error} />
    </ConfirmType>
  );
}
