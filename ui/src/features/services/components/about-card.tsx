import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { KeyValue } from '../../../components/key-value';
import { envsQuery, statusQuery } from '../../../lib/queries';

/** What this installation is: version, runtime and why, media server and what it can do. */
export function AboutCard() {
  const { t } = useTranslation();
  const status = useQuery(statusQuery);
  const envs = useQuery(envsQuery);
  const error = status.error ?? envs.error;
  if (error && !(status.data && envs.data)) {
    return (
      <Card title={t('system.about')}>
        <HelpfulError error={error} onRetry={() => void Promise.all([status.refetch(), envs.refetch()])} />
      </Card>
    );
  }
  if (!status.data || !envs.data) return <Skeleton h={180} radius={10} />;
  const { capabilities } = envs.data;
  const yesNo = (able: boolean) => t(able ? 'common.yes' : 'common.no');
  return (
    <Card title={t('system.about')}>
      <KeyValue
        facts={[
          { name: t('system.version'), value: status.data.version },
          { name: t('system.runtime'), value: runtimeName(status.data.runtime, t('system.runtimes.process'), t('system.runtimes.docker')) },
          { name: t('system.mediaServer'), value: envs.data.mediaServer === 'embedded' ? t('system.embedded') : 'SRS' },
          { name: 'SRT', value: yesNo(capabilities.srt) },
          { name: 'WebRTC', value: yesNo(capabilities.webrtc) },
          { name: 'HEVC', value: yesNo(capabilities.hevc) },
        ]}
      />
      {status.data.runtime_reason && (
        <p style={{ margin: '16px 0 0', color: 'var(--ss-dim)' }}>
          {t('system.runtimeReason')} {status.data.runtime_reason}
        </p>
      )}
    </Card>
  );
}

function runtimeName(runtime: string, process: string, docker: string): string {
  return { process, docker }[runtime] ?? runtime;
}
