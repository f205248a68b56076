import { useTranslation } from 'react-i18next';
import { KeyValue } from '../../../components/key-value';
import { StateBadge } from '../../../components/state-badge';
import { formatDateTime } from '../../../lib/format';
import type { Certificate } from '../../../lib/house-types';

/** A certificate as names and values, its end first. */
export function CertificateFacts({ certificate }: { certificate: Certificate }) {
  const { t, i18n } = useTranslation();
  const { provider, domains, issuer, days_left, not_before_ms, not_after_ms, key_type, serial, trusted } = certificate;
  return (
    <KeyValue
      facts={[
        { name: t('https.domains'), value: domains.join(', ') || '–' },
        { name: t('https.validFor'), value: t('https.days', { count: Math.max(0, days_left) }), title: formatDateTime(not_after_ms, i18n.language) },
        {
          name: t('https.trust'),
          value: <StateBadge tone={trusted ? 'ok' : 'warn'} word={t(trusted ? 'https.trusted' : 'https.untrusted')} reason={trusted ? undefined : t('https.untrustedWhy')} />,
        },
        { name: t('https.from'), value: t(`https.provider.${provider}` as 'https.provider.self', { defaultValue: provider }) },
        { name: t('https.issuer'), value: issuer },
        { name: t('https.since'), value: formatDateTime(not_before_ms, i18n.language) },
        { name: t('https.keyType'), value: key_type },
        { name: t('https.serial'), value: <code style={{ fontSize: 12 }}>{serial.slice(0, 16)}…</code>, title: serial },
      ]}
    />
  );
}
