import { Button, Group, Modal, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { CopyField } from '../../../components/copy-field';
import { Loaded } from '../../../components/loaded';
import { Notice } from '../../../components/notice';
import { PublishTabs } from '../../../components/publish-tabs';
import { QrButton } from '../../../components/qr-button';
import type { NewKey } from '../../../lib/api-types';
import { publishAddresses } from '../../../lib/publish-addresses';
import { envsQuery } from '../../../lib/queries';

/** The one moment in which a secret is known: copy it, or set the encoder up right here. */
export function KeySecretModal({ fresh: { key, secret }, onClose }: { fresh: NewKey; onClose: () => void }) {
  const { t } = useTranslation();
  const envs = useQuery(envsQuery);
  const target = { app: key.app, stream: key.stream, secret };
  return (
    // A click beside it must not throw away what cannot be seen again.
    <Modal
      opened
      size="lg"
      onClose={onClose}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      title={t('keys.secret.title', { label: key.label })}
    >
      <Stack>
        <Notice tone="warn" title={t('keys.secret.once')}>
          {t('keys.secret.onceText')}
        </Notice>
        <CopyField label={t('keys.secret.key')} value={secret} />
        <Title order={3} fz={14}>
          {t('keys.secret.setUp')}
        </Title>
        <Loaded query={envs}>{(data) => <PublishTabs envs={data} target={target} />}</Loaded>
        <Group justify="space-between" mt="xs">
          {envs.data ? <QrButton label={t('keys.secret.qr')} value={publishAddresses(envs.data, target).rtmpUrl} hint={t('keys.secret.qrHint')} /> : <span />}
          <Button onClick={onClose}>
            {t('keys.secret.done')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
