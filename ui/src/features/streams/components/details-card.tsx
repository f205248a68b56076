import { Button, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CopyField } from '../../../components/copy-field';
import { Icon } from '../../../components/icons';
import { KeyValue } from '../../../components/key-value';
import { TimeAgo } from '../../../components/time-ago';
import type { StreamRow } from '../stream-rows';
import { AddStreamModal } from './add-stream-modal';
import { EditStreamModal } from './edit-stream-modal';

/** What the operator says of a stream, and by which name viewers may know it. */
export function DetailsCard({ row }: { row: StreamRow }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const { known } = row;
  if (!known) {
    return (
      <Card title={t('streams.details.unlistedTitle')}>
        <Stack gap="sm" align="flex-start">
          <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('streams.details.unlistedText')}</p>
          <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setOpen(true)}>
            {t('streams.add.toList')}
          </Button>
        </Stack>
        {open && <AddStreamModal of={row} onClose={close} />}
      </Card>
    );
  }
  return (
    <Card
      title={t('streams.details.title')}
      aside={
        <Button variant="default" size="xs" leftSection={<Icon name="edit" size={15} />} onClick={() => setOpen(true)}>
          {t('streams.edit.open')}
        </Button>
      }
    >
      <Stack>
        <KeyValue
          facts={[
            { name: t('streams.details.streamTitle'), value: known.title || t('streams.details.noTitle') },
            { name: t('streams.details.added'), value: <TimeAgo ms={known.created_ms} /> },
          ]}
        />
        {known.description && <KeyValue facts={[{ name: t('streams.details.description'), value: <span style={{ whiteSpace: 'pre-line' }}>{known.description}</span> }]} />}
        <CopyField label={t('streams.details.playbackId')} description={t('streams.details.playbackIdWhy')} value={known.playback_id} />
      </Stack>
      {open && <EditStreamModal stream={known} onClose={close} />}
    </Card>
  );
}
