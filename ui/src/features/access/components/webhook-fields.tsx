import { PasswordInput, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { OptionSwitch } from '../../../components/option-switch';
import type { RuleDraft } from '../rule-draft';

interface WebhookFieldsProps {
  secretSet: boolean;
  draft: RuleDraft;
  faulty: boolean;
  onChange: (change: Partial<RuleDraft>) => void;
}

export function WebhookFields({ secretSet, draft, faulty, onChange }: WebhookFieldsProps) {
  const { t } = useTranslation();
  return (
    <>
      <TextInput
        type="url"
        label={t('access.hook.url')}
        placeholder="https://example.com/may-watch"
        spellCheck={false}
        value={draft.webhookUrl}
        onChange={(event) => onChange({ webhookUrl: event.currentTarget.value.trim() })}
        error={faulty ? t('access.hook.urlMissing') : undefined}
      />
      <PasswordInput
        label={t('access.hook.secret')}
        description={`${t('access.hook.secretHint')}${secretSet ? ` ${t('access.hook.secretKept')}` : ''}`}
        autoComplete="off"
        data-1p-ignore
        placeholder={secretSet ? '••••••••' : undefined}
        value={draft.webhookSecret}
        onChange={(event) => onChange({ webhookSecret: event.currentTarget.value })}
        visibilityToggleButtonProps={{ 'aria-label': t('copyField.show', { label: t('access.hook.secret') }) }}
      />
      <OptionSwitch
        label={t('access.hook.allowPrivate')}
        hint={t('access.hook.allowPrivateHint')}
        checked={draft.allowPrivate}
        onChange={(allowPrivate) => onChange({ allowPrivate })}
      />
    </>
  );
}
