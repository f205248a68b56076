import { Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ExpiryField } from '../../../components/expiry-field';
import { FormModal } from '../../../components/form-modal';
import { Notice } from '../../../components/notice';
import { expiresAt, type Expiry } from '../../../lib/expiry';
import type { ApiKey } from '../../../lib/house-types';
import { useCreateApiKey } from '../api/use-api-keys';

const SCOPES = ['read', 'operate', 'admin'] as const;

export function CreateApiKey({ onMade, onClose }: { onMade: (label: string, key: string) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const create = useCreateApiKey();
  const [label, setLabel] = useState('');
  const [scope, setScope] = useState<ApiKey['scope']>('read');
  const [expiry, setExpiry] = useState<Expiry>({ lifetime: 'year', date: '' });
  const [tried, setTried] = useState(false);
  const [dateWrong, setDateWrong] = useState(false);
  const submit = () => {
    setTried(true);
    const name = label.trim();
    const expires_ms = expiresAt(expiry, Date.now());
    setDateWrong(expires_ms === undefined);
    if (name === '' || expires_ms === undefined) return;
    create.mutate({ label: name, scope, expires_ms }, { onSuccess: ({ key }) => onMade(name, key) });
  };
  return (
    <FormModal title={t('apiKeys.create.title')} submit={t('apiKeys.create.submit')} pending={create.isPending} error={create.error} onSubmit={submit} onClose={onClose}>
      <TextInput
        label={t('apiKeys.create.label')}
        description={t('apiKeys.create.labelHint')}
        data-autofocus
        maxLength={80}
        value={label}
        onChange={(event) => setLabel(event.currentTarget.value)}
        error={tried && label.trim() === '' ? t('apiKeys.create.labelMissing') : undefined}
      />
      <Radio.Group label={t('apiKeys.create.scope')} value={scope} onChange={(chosen) => setScope(chosen as ApiKey['scope'])}>
        <Stack gap={10} mt={8}>
          {SCOPES.map((one) => (
            <Radio key={one} value={one} label={t(`apiKeys.scopes.${one}.name`)} description={t(`apiKeys.scopes.${one}.text`)} />
          ))}
        </Stack>
      </Radio.Group>
      {scope === 'admin' && <Notice tone="warn">{t('apiKeys.create.adminWarning')}</Notice>}
      <ExpiryField value={expiry} onChange={setExpiry} error={dateWrong ? t('apiKeys.create.dateInvalid') : undefined} />
    </FormModal>
  );
}
