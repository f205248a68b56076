import { Checkbox, Radio, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { Notice } from '../../../components/notice';
import type { Backup } from '../../../lib/house-types';
import { SHORTEST_PASSWORD } from '../../../lib/password-strength';
import { backupScheduleQuery, useCreateBackup } from '../api/use-backup';
import { PassphraseField } from './passphrase-field';

/** What goes into a backup, where it goes, and what locks it. */
export function CreateModal({ bucket, onClose }: { bucket: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const create = useCreateBackup();
  const { data: schedule } = useQuery(backupScheduleQuery);
  const [passphrase, setPassphrase] = useState('');
  const [recordings, setRecordings] = useState(false);
  const [to, setTo] = useState<Backup['where']>('file');
  const [unencrypted, setUnencrypted] = useState(false);
  const [tried, setTried] = useState(false);
  const kept = schedule?.passphrase_set ?? false;
  const open = unencrypted && to === 'file';
  const missing = !open && (passphrase === '' ? !kept : passphrase.length < SHORTEST_PASSWORD);
  const submit = () => {
    setTried(true);
    if (missing) return;
    create.mutate({ recordings, to, ...(open ? { unencrypted: true } : passphrase !== '' && { passphrase }) }, { onSuccess: onClose });
  };
  return (
    <FormModal title={t('backup.create.title')} submit={t('backup.create.submit')} pending={create.isPending} error={create.error} onSubmit={submit} onClose={onClose}>
      <p style={{ margin: 0 }}>{t('backup.create.text')}</p>
      {!open && (
        <>
          <PassphraseField
            fresh
            label={t('backup.passphrase')}
            description={t(kept ? 'backup.create.kept' : 'backup.create.passphraseHint')}
            value={passphrase}
            error={tried && missing ? t('password.tooShort', { count: SHORTEST_PASSWORD }) : undefined}
            onChange={setPassphrase}
          />
          <Notice tone="warn">{t('backup.create.lost')}</Notice>
        </>
      )}
      <Checkbox label={t('backup.create.recordings')} description={t('backup.create.recordingsHint')} checked={recordings} onChange={(event) => setRecordings(event.currentTarget.checked)} />
      <Radio.Group label={t('backup.create.to')} value={to} onChange={(place) => setTo(place as Backup['where'])}>
        <Stack gap={10} mt={8}>
          <Radio value="file" label={t('backup.places.file')} description={t('backup.create.fileHint')} />
          <Radio value="bucket" disabled={!bucket} label={t('backup.places.bucket')} description={t(bucket ? 'backup.create.bucketHint' : 'backup.create.noBucket')} />
        </Stack>
      </Radio.Group>
      {to === 'file' && (
        <Checkbox label={t('backup.create.unencrypted')} description={t('backup.create.unencryptedHint')} checked={unencrypted} onChange={(event) => setUnencrypted(event.currentTarget.checked)} />
      )}
    </FormModal>
  );
}
