import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmModal } from '../../../components/confirm-modal';
import type { Viewer } from '../../../lib/api-types';
import { useKickViewer } from '../api/use-viewers';

const BLOCKS = [
  ['none', 0],
  ['minute', 60],
  ['tenMinutes', 600],
  ['hour', 3_600],
  ['day', 86_400],
] as const;

/** End one viewer's session, and keep the address out for as long as chosen. */
export function KickViewer({ viewer }: { viewer: Viewer }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const [blockS, setBlockS] = useState(60);
  const kick = useKickViewer();
  const close = () => {
    setAsking(false);
    kick.reset();
  };
  return (
    <>
      <Button variant="default" size="xs" c="var(--ss-error)" aria-label={t('viewers.kick.openFor', { ip: viewer.ip })} onClick={() => setAsking(true)}>
        {t('viewers.kick.open')}
      </Button>
      {asking && (
        <ConfirmModal
          title={t('viewers.kick.title', { ip: viewer.ip })}
          text={t('viewers.kick.text')}
          confirm={t('viewers.kick.confirm')}
          pending={kick.isPending}
          error={kick.error}
          onConfirm={() => kick.mutate({ client_id: viewer.client_id, block_s: blockS }, { onSuccess: close })}
          onClose={close}
        >
          <NativeSelect
            label={t('viewers.kick.block')}
            value={blockS}
            data={BLOCKS.map(([name, seconds]) => ({ value: String(seconds), label: t(`viewers.kick.${name}`) }))}
            onChange={(event) => setBlockS(Number(event.currentTarget.value))}
          />
        </ConfirmModal>
      )}
    </>
  );
}
