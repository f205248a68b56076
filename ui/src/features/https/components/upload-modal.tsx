import { Button, Group, Stack, Textarea } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormModal } from '../../../components/form-modal';
import { useUploadCertificate } from '../api/use-https';

const PARTS = ['crt', 'key'] as const;
const LARGEST = 200_000;

/** A certificate from elsewhere: chain and key as PEM, pasted or from files. */
export function UploadModal({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const upload = useUploadCertificate();
  const [pem, setPem] = useState({ crt: '', key: '' });
  const [tried, setTried] = useState(false);
  const faults = { crt: !pem.crt.includes('BEGIN CERTIFICATE'), key: !/BEGIN [A-Z ]*PRIVATE KEY/.test(pem.key) };
  return (
    <FormModal
      title={t('https.upload.title')}
      submit={t('https.upload.submit')}
      pending={upload.isPending}
      error={upload.error}
      onSubmit={() => {
        setTried(true);
        if (!faults.crt && !faults.key) upload.mutate(pem, { onSuccess: onClose });
      }}
      onClose={onClose}
    >
      <p style={{ margin: 0 }}>{t('https.upload.text')}</p>
      {PARTS.map((part) => (
        <PemField
          key={part}
          part={part}
          value={pem[part]}
          error={tried && faults[part] ? t(`https.upload.${part}Missing`) : undefined}
          onChange={(value) => setPem((now) => ({ ...now, [part]: value }))}
        />
      ))}
    </FormModal>
  );
}

function PemField({ part, value, error, onChange }: { part: (typeof PARTS)[number]; value: string; error: string | undefined; onChange: (value: string) => void }) {
  const { t } = useTranslation();
  const file = useRef<HTMLInputElement>(null);
  return (
    <Stack gap={6}>
      <Textarea
        label={t(`https.upload.${part}`)}
        description={t(`https.upload.${part}Hint`)}
        rows={5}
        autoComplete="off"
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error}
      />
      <Group>
        <Button variant="subtle" size="compact-md" onClick={() => file.current?.click()}>
          {t('https.upload.fromFile')}
        </Button>
      </Group>
      <input
        ref={file}
        type="file"
        hidden
        aria-label={t(`https.upload.${part}`)}
        accept=".pem,.crt,.cer,.key"
        onChange={(event) => {
          const [chosen] = event.currentTarget.files ?? [];
          if (chosen && chosen.size <= LARGEST) void chosen.text().then(onChange);
        }}
      />
    </Stack>
  );
}
