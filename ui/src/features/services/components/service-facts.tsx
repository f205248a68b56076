import { useTranslation } from 'react-i18next';
import { KeyValue, type Fact } from '../../../components/key-value';
import { TimeAgo } from '../../../components/time-ago';
import { formatBytes } from '../../../lib/format';
import type { HouseService } from '../../../lib/house-types';
import { imageName } from '../service-words';
import { ServiceBadge } from './service-badge';
import { percentText } from './service-table';

/** Everything that is known of a service, as names and values. */
export function ServiceFacts({ service }: { service: HouseService }) {
  const { t } = useTranslation();
  const { memory_bytes: used, memory_limit_bytes: limit, image, digest, ports, health } = service;
  const facts: (Fact | false)[] = [
    { name: t('system.state'), value: <ServiceBadge of={service} /> },
    { name: t('system.since'), value: <TimeAgo ms={service.since_ms} /> },
    { name: t('system.restarts'), value: service.restarts },
    { name: t('services.kind'), value: t(service.kind === 'container' ? 'services.container' : 'services.process') },
    { name: t('services.cpu'), value: percentText(service.cpu_percent) },
    {
      name: t('services.memory'),
      value: used === null ? '–' : limit ? t('progress.of', { done: formatBytes(used), total: formatBytes(limit) }) : formatBytes(used),
    },
    service.pid !== null && { name: t('system.pid'), value: service.pid },
    service.pids !== null && { name: t('services.pids'), value: service.pids },
    service.version !== '' && { name: t('services.version'), value: service.version },
    image !== '' && { name: t('services.image'), value: imageName(image), title: image },
    digest !== '' && { name: t('services.digest'), value: <code style={{ fontSize: 12 }}>{digest.slice(0, 19)}…</code>, title: digest },
    ports.length > 0 && {
      name: t('services.ports'),
      value: ports.map((one) => `${one.port}/${one.proto} ${t(one.public ? 'services.public' : 'services.inside')}`).join(', '),
    },
    health !== null && {
      name: t('services.health'),
      value: (
        <>
          {t(health.ok ? 'services.healthy' : 'services.unhealthy')} <TimeAgo ms={health.at_ms} />
        </>
      ),
      title: health.detail,
    },
  ];
  return <KeyValue facts={facts.filter((fact) => fact !== false)} />;
}
