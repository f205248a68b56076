import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { Loaded } from '../../../components/loaded';
import { storageTargetsQuery } from '../../../lib/recording-queries';
import { useRecordingsFeed } from '../../../lib/recordings-feed';
import { uploadsQuery } from '../api/use-storage';
import { UploadRow } from './upload-row';

const STEP = 20;

/** What is on its way into the buckets, in the order in which it goes. */
export function UploadsCard() {
  const { t } = useTranslation();
  const asked = useQuery(uploadsQuery);
  const targets = useQuery(storageTargetsQuery).data?.targets ?? [];
  const { connection, uploads: live } = useRecordingsFeed();
  const [shown, setShown] = useState(STEP);
  return (
    <Card title={t('storage.uploads.title')}>
      <Loaded query={asked} rows={2}>
        {({ uploads, cursor }) => {
          const all = connection === 'open' && live ? [...live.values()] : uploads;
          if (all.length === 0) return <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('storage.uploads.empty')}</p>;
          return (
            <>
              <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
                {all.slice(0, shown).map((one) => (
                  <UploadRow key={one.recording_id} upload={one} target={targets.find(({ id }) => id === one.target_id)?.label ?? ''} />
                ))}
              </ul>
              {all.length > shown && (
                <Button mt={12} variant="default" onClick={() => setShown(shown + STEP)}>
                  {t('table.more', { count: all.length - shown })}
                </Button>
              )}
              {cursor != null && all.length <= shown && <p style={{ margin: '12px 0 0', color: 'var(--ss-dim)' }}>{t('storage.uploads.older')}</p>}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}
