import { PasswordInput, Radio, Stack, TextInput, Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Notice } from '../../../components/notice';
import { DNS_FIELDS, SECRET_FIELDS, type DomainDraft, type faultsOf } from '../domain-draft';

interface DomainFieldsProps {
  draft: DomainDraft;
  faults: ReturnType<typeof faultsOf>;
  /** Secrets were given before: empty fields keep them. */
  kept: boolean;
  onChange: (part: Partial<DomainDraft>) => void;
}

/** For which names, who is written to, and how the names are proved. */
export function DomainFields({ draft, faults, kept, onChange }: DomainFieldsProps) {
  const { t } = useTranslation();
  const said = (fault: string | undefined) => fault && t(`https.form.faults.${fault}` as 'https.form.faults.missing');
  return (
    <Stack>
      <Textarea
        label={t('https.form.domains')}
        description={t('https.form.domainsHint')}
        placeholder={'live.example.com\nwww.example.com'}
        rows={3}
        data-autofocus
        autoCapitalize="off"
        autoComplete="off"
        spellCheck={false}
        value={draft.domains}
        onChange={(event) => onChange({ domains: event.currentTarget.value })}
        error={said(faults.domains)}
      />
      <TextInput
        label={t('https.form.email')}
        description={t('https.form.emailHint')}
        type="email"
        inputMode="email"
        value={draft.email}
        onChange={(event) => onChange({ email: event.currentTarget.value })}
        error={faults.email && t('https.form.faults.email')}
      />
      <Radio.Group label={t('https.form.challenge')} value={draft.challenge} onChange={(challenge) => onChange({ challenge: challenge as DomainDraft['challenge'] })}>
        <Stack gap={10} mt={8}>
          {(['http', 'cloudflare', 'rfc2136'] as const).map((way) => (
            <Radio key={way} value={way} label={t(`https.form.ways.${way}.name`)} description={t(`https.form.ways.${way}.text`)} />
          ))}
        </Stack>
      </Radio.Group>
      {draft.challenge !== 'http' && (
        <>
          {DNS_FIELDS[draft.challenge].map((marked) => {
            const field = marked.replace('*', '');
            const common = {
              label: t(`https.form.credentials.${field}` as 'https.form.credentials.server'),
              value: draft.credentials[field] ?? '',
              autoComplete: 'off',
              onChange: (event: { currentTarget: { value: string } }) => onChange({ credentials: { ...draft.credentials, [field]: event.currentTarget.value } }),
            };
            return SECRET_FIELDS.has(field) ? (
              <PasswordInput
                key={field}
                {...common}
                placeholder={kept ? t('https.form.kept') : undefined}
                autoComplete="new-password"
                visibilityToggleButtonProps={{ 'aria-label': t('https.form.showSecret') }}
              />
            ) : (
              <TextInput key={field} {...common} spellCheck={false} autoCapitalize="off" placeholder={marked.endsWith('*') ? t('https.form.optional') : undefined} />
            );
          })}
          {faults.credentials && <Notice tone="error">{t('https.form.faults.credentials')}</Notice>}
        </>
      )}
    </Stack>
  );
}
