import { Button, Group, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { OptionSwitch } from '../../../components/option-switch';
import { TimeAgo } from '../../../components/time-ago';
import type { Certificate } from '../../../lib/house-types';
import { useRenew, useRenewalSettings } from '../api/use-https';

/** Does the certificate renew itself, and whom does the authority write to? */
export function RenewalPart({ certificate: { renewal } }: { certificate: Certificate }) {
  const { t } = useTranslation();
  const settings = useRenewalSettings();
  const renew = useRenew();
  const [editing, setEditing] = useState(false);
  const auto = settings.isPending ? (settings.variables.auto_renew ?? renewal.auto) : renewal.auto;
  return (
    <section aria-label={t('https.renewal.title')}>
      <h3 style={{ margin: '0 0 8px', fontSize: 14 }}>{t('https.renewal.title')}</h3>
      <OptionSwitch label={t('https.renewal.auto')} hint={t('https.renewal.autoHint')} checked={auto} disabled={settings.isPending} onChange={(auto_renew) => settings.mutate({ auto_renew })} />
      <ul style={{ margin: '10px 0', paddingLeft: 18, color: 'var(--ss-dim)' }}>
        <li>{renewal.challenge === 'dns' ? t('https.renewal.byDns', { plugin: renewal.plugin ?? '' }) : t('https.renewal.byHttp')}</li>
        <li>{renewal.email ? t('https.renewal.email', { email: renewal.email }) : t('https.renewal.noEmail')}</li>
        {renewal.last_at_ms !== null && renewal.last_ok && (
          <li>
            {t('https.renewal.last')} <TimeAgo ms={renewal.last_at_ms} />
          </li>
        )}
        {auto && renewal.next_at_ms !== null && (
          <li>
            {t('https.renewal.next')} <TimeAgo ms={renewal.next_at_ms} />
          </li>
        )}
      </ul>
      <Group gap="sm">
        <Button variant="default" loading={renew.isPending} onClick={() => renew.mutate(true)}>
          {t('https.renewal.now')}
        </Button>
        <Button variant="default" onClick={() => setEditing(true)}>
          {t('https.renewal.changeEmail')}
        </Button>
      </Group>
      <div style={{ marginTop: 10 }}>
        {renew.data && (
          <Notice tone={renew.data.renewOk ? 'ok' : 'idle'} role="status">
            {t(renew.data.renewOk ? 'https.renewal.done' : 'https.renewal.notDue')}
          </Notice>
        )}
        {(renew.error ?? (editing ? null : settings.error)) !== null && <HelpfulError error={renew.error ?? settings.error} />}
      </div>
      {editing && <EmailModal email={renewal.email} settings={settings} onClose={() => setEditing(false)} />}
    </section>
  );
}

function EmailModal({ email: saved, settings, onClose }: { email: string; settings: ReturnType<typeof useRenewalSettings>; onClose: () => void }) {
  const { t } = useTranslation();
  const [email, setEmail] = useState(saved);
  return (
    <FormModal
      title={t('https.renewal.changeEmail')}
      submit={t('https.renewal.saveEmail')}
      pending={settings.isPending}
      error={settings.error}
      onSubmit={() => settings.mutate({ email: email.trim() }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <TextInput label={t('https.form.email')} description={t('https.form.emailHint')} type="email" data-autofocus value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
    </FormModal>
  );
}
