import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CountField, isCount } from '../../../components/count-field';
import { ExpiryField } from '../../../components/expiry-field';
import { FormModal } from '../../../components/form-modal';
import type { NewPass } from '../../../lib/api-types';
import { expiresAt, type Expiry } from '../../../lib/expiry';
import type { StreamRef } from '../../../lib/queries';
import { useCreatePass } from '../api/use-passes';

interface CreatePassModalProps {
  of: StreamRef;
  /** What people call it. */
  name: string;
  onCreated: (made: NewPass) => void;
  onClose: () => void;
}

const MOST_VIEWERS = 100_000;

export function CreatePassModal({ of, name, onCreated, onClose }: CreatePassModalProps) {
  const { t } = useTranslation();
  const create = useCreatePass();
  const [label, setLabel] = useState('');
  const [expiry, setExpiry] = useState<Expiry>({ lifetime: 'day', date: '' });
  const [maxViewers, setMaxViewers] = useState(0);
  const [tried, setTried] = useState<number | null>(null);

  const submit = () => {
    const now = Date.now();
    setTried(now);
    const expires_ms = expiresAt(expiry, now);
    if (label.trim() === '' || expires_ms === undefined || !isCount(maxViewers, MOST_VIEWERS)) return;
    create.mutate({ app: of.app, stream: of.stream, label: label.trim(), expires_ms, max_viewers: maxViewers }, { onSuccess: onCreated });
  };

  return (
    <FormModal
      title={t('passes.create.title', { url: name })}
      submit={t('passes.create.submit')}
      pending={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput
        data-autofocus
        label={t('passes.label')}
        description={t('passes.labelHint')}
        maxLength={100}
        value={label}
        onChange={(event) => setLabel(event.currentTarget.value)}
        error={tried !== null && label.trim() === '' ? t('passes.labelMissing') : undefined}
      />
      <ExpiryField
        value={expiry}
        onChange={setExpiry}
        error={tried !== null && expiresAt(expiry, tried) === undefined ? t('expiry.notToCome') : undefined}
      />
      <CountField label={t('passes.maxViewers')} description={t('passes.maxViewersHint')} value={maxViewers} most={MOST_VIEWERS} onChange={setMaxViewers} />
    </FormModal>
  );
}
