import { SegmentedControl, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { Notice } from '../../../components/notice';
import { ShareLinks } from '../../../components/share-links';
import { useStreamRow } from '../../../features/streams/use-stream-row';
import { playRuleQuery } from '../../../lib/queries';
import { BY_PLAYBACK_ID } from '../../../lib/share-links';
import { useStreamParams } from './use-stream-params';

/** Every address of the stream, by its name or by its playback id. */
export function ShareTab() {
  const { t } = useTranslation();
  const of = useStreamParams();
  const { row } = useStreamRow(of);
  const rule = useQuery(playRuleQuery(of));
  const [byId, setById] = useState(false);
  const playbackId = row.known?.playback_id;
  const shown = byId && playbackId ? { app: BY_PLAYBACK_ID, stream: playbackId } : of;
  return (
    <Card title={t('page.share')}>
      <Stack>
        {rule.data?.kind === 'pass' && (
          <Notice tone="warn" title={t('share.passNeeded')}>
            <p>
              {t('share.passNeededText')}{' '}
              <Link to="/streams/$app/$stream/access" params={of}>
                {t('share.toAccess')}
              </Link>
            </p>
          </Notice>
        )}
        {rule.data?.kind === 'webhook' && (
          <Notice tone="warn" title={t('share.hookNeeded')}>
            <p>{t('share.hookNeededText')}</p>
          </Notice>
        )}
        {playbackId && (
          <div>
            <SegmentedControl
              aria-label={t('share.by')}
              value={byId ? 'id' : 'name'}
              onChange={(value) => setById(value === 'id')}
              data={[
                { value: 'name', label: t('share.byName') },
                { value: 'id', label: t('share.byId') },
              ]}
            />
            {byId && <p style={{ margin: '6px 0 0', color: 'var(--ss-dim)', fontSize: 13 }}>{t('share.byIdHint')}</p>}
          </div>
        )}
        <ShareLinks of={shown} />
      </Stack>
    </Card>
  );
}
