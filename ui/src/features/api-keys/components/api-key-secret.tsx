import { Button, Group, Modal, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CopyField } from '../../../components/copy-field';
import { Notice } from '../../../components/notice';

/** The one moment in which a key is known. */
export function ApiKeySecret({ label, secret, onClose }: { label: string; secret: string; onClose: () => void }) {
  const { t } = useTranslation();
  const example = `curl -H "Authorization: Bearer ${secret}" -d '{}' -H "Content-Type: application/json" ${location.origin}/terraform/v1/mgmt/streams/query`;
  return (
    // A click beside it must not throw away what cannot be seen again.
    <Modal opened size="lg" onClose={onClose} closeOnClickOutside={false} closeOnEscape={false} withCloseButton={false} title={t('apiKeys.secret.title', { label })}>
      <Stack>
        <Notice tone="warn" title={t('apiKeys.secret.once')}>
          {t('apiKeys.secret.onceText')}
        </Notice>
        <CopyField label={t('apiKeys.secret.key')} value={secret} />
        <CopyField label={t('apiKeys.secret.example')} description={t('apiKeys.secret.exampleHint')} value={example} masked={example.replace(secret, '••••••••')} />
        <Group justify="flex-end">
          <Button onClick={onClose}>{t('apiKeys.secret.done')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
