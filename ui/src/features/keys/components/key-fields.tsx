import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ExpiryField } from '../../../components/expiry-field';
import { expiresAt, type Expiry } from '../../../lib/expiry';

export interface KeyDraft {
  label: string;
  expiry: Expiry;
}

/** Label and end of a key; `check` tells what to send, or undefined and why on the screen. */
export function useKeyFields(start: KeyDraft) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(start);
  const [tried, setTried] = useState<number | null>(null);
  const label = draft.label.trim();

  const check = (): { label: string; expires_ms: number | null } | undefined => {
    const now = Date.now();
    setTried(now);
    const expires_ms = expiresAt(draft.expiry, now);
    return label === '' || expires_ms === undefined ? undefined : { label, expires_ms };
  };

  const fields = (
    <>
      <TextInput
        data-autofocus
        label={t('keys.label')}
        description={t('keys.labelHint')}
        maxLength={100}
        value={draft.label}
        onChange={(event) => setDraft({ ...draft, label: event.currentTarget.value })}
        error={tried !== null && label === '' ? t('keys.labelMissing') : undefined}
      />
      <ExpiryField
        value={draft.expiry}
        onChange={(expiry) => setDraft({ ...draft, expiry })}
        error={tried !== null && expiresAt(draft.expiry, tried) === undefined ? t('expiry.notToCome') : undefined}
      />
    </>
  );
  return { fields, check };
}
