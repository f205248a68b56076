import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { Icon } from '../../../components/icons';
import { Loaded } from '../../../components/loaded';
import { Notice } from '../../../components/notice';
import { PageHead } from '../../../components/page-head';
import { ShareLinks } from '../../../components/share-links';
import { PassesCard } from '../../../features/access/components/passes-card';
import { RuleCard } from '../../../features/access/components/rule-card';
import { recordingQuery } from '../../../features/library/api/use-library';
import { AboutCard } from '../../../features/library/components/about-card';
import { ClipCard } from '../../../features/library/components/clip-card';
import { FactsCard } from '../../../features/library/components/facts-card';
import { HoleBar } from '../../../features/library/components/hole-bar';
import { RecordingBadge } from '../../../features/library/components/recording-badge';
import { RecordingMenu } from '../../../features/library/components/recording-menu';
import { RecordingPlayer, type PlayerHandle } from '../../../features/library/components/recording-player';
import { nameOf } from '../../../features/library/recording-state';
import { useLiveRecording } from '../../../features/library/use-live-recordings';
import { playRuleQuery } from '../../../lib/queries';
import type { Recording } from '../../../lib/recording-types';
import { VOD_APP } from '../../../lib/share-links';
import { vodUrls } from '../../../lib/vod-urls';
import { useTitle } from '../../use-title';
import stream from '../stream/stream-page.module.css';

/** One recording: seen, named, shared, cut, deleted. */
export function RecordingPage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: '/shell/recordings/$id' });
  const query = useQuery(recordingQuery(id));
  return (
    <>
      <Link to="/recordings" className={stream.back}>
        <Icon name="back" size={15} />
        {t('nav.recordings')}
      </Link>
      <Loaded query={query} rows={8}>
        {(asked) => <Content key={id} asked={asked} />}
      </Loaded>
    </>
  );
}

function Content({ asked }: { asked: Recording }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const recording = useLiveRecording(asked);
  const player = useRef<PlayerHandle>(null);
  const of = { app: VOD_APP, stream: recording.id };
  const name = nameOf(recording);
  useTitle(name);
  return (
    <>
      <PageHead
        title={name}
        actions={
          <Group gap={10}>
            <RecordingBadge recording={recording} />
            {recording.mp4 === 'ready' && (
              <Button component="a" href={vodUrls(recording.id).download} variant="default" leftSection={<Icon name="download" size={16} />}>
                {t('recordings.menu.download')}
              </Button>
            )}
            <RecordingMenu recording={recording} onDeleted={() => void navigate({ to: '/recordings' })} />
          </Group>
        }
      />
      <div className={stream.columns}>
        <div className={stream.column}>
          <Card padded={false} label={t('recordings.player.label')}>
            <RecordingPlayer recording={recording} handle={player} />
            <HoleBar recording={recording} onSeek={(ms) => player.current?.seek(ms)} />
          </Card>
          {recording.duration_ms > 0 && <ClipCard recording={recording} player={() => player.current} />}
          <Share recording={recording} />
          <PassesCard of={of} name={name} />
        </div>
        <div className={stream.column}>
          <AboutCard recording={recording} />
          <FactsCard recording={recording} />
          <RuleCard of={of} />
        </div>
      </div>
    </>
  );
}

function Share({ recording }: { recording: Recording }) {
  const { t } = useTranslation();
  const of = { app: VOD_APP, stream: recording.id };
  const rule = useQuery(playRuleQuery(of)).data;
  const closed = rule !== undefined && rule.kind !== 'public';
  return (
    <Card title={t('recordings.share.title')}>
      {closed && (
        <div style={{ marginBottom: 14 }}>
          <Notice tone="warn" title={t(rule.inherited ? 'recordings.share.private' : `recordings.share.${rule.kind === 'webhook' ? 'webhook' : 'pass'}`)}>
            <p>{t('recordings.share.how')}</p>
          </Notice>
        </div>
      )}
      <ShareLinks of={of} />
    </Card>
  );
}
