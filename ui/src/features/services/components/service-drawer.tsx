import { Drawer, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Loaded } from '../../../components/loaded';
import { LogLines } from '../../../components/log-lines';
import { Notice } from '../../../components/notice';
import { TimeAgo } from '../../../components/time-ago';
import type { HouseService } from '../../../lib/house-types';
import { serviceLogsQuery } from '../api/use-services';
import { plainLine } from '../plain-line';
import { serviceWord } from '../service-words';
import { ServiceActions } from './service-actions';
import { ServiceFacts } from './service-facts';

/** One service: what it is, how it does, what it said, what can be done. */
export function ServiceDrawer({ service, onClose }: { service: HouseService; onClose: () => void }) {
  const { t } = useTranslation();
  const logs = useQuery(serviceLogsQuery(service.name));
  const { detail, health, last_exit: exit, state } = service;
  return (
    <Drawer opened size="lg" onClose={onClose} title={service.name} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="lg">
        <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{serviceWord('services', service.name, '', t)}</p>
        {detail && state !== 'running' && <Notice tone={state === 'off' ? 'idle' : 'warn'}>{detail}</Notice>}
        {health && !health.ok && state === 'running' && <Notice tone="warn" title={t('services.sick')}>{health.detail}</Notice>}
        <ServiceFacts service={service} />
        <ServiceActions service={service} />
        {exit && (
          <section aria-label={t('services.lastExit')}>
            <h3 style={{ margin: '0 0 6px', fontSize: 14 }}>{t('services.lastExit')}</h3>
            <p style={{ margin: '0 0 8px' }}>
              <TimeAgo ms={exit.at_ms} />: {exit.reason || t('services.exitStatus', { status: exit.status ?? '?' })}
            </p>
            {exit.lines.length > 0 && <LogLines label={t('services.lastWords')} lines={exit.lines.map(plainLine)} height={160} />}
          </section>
        )}
        <section aria-label={t('services.log')}>
          <h3 style={{ margin: '0 0 8px', fontSize: 14 }}>{t('services.log')}</h3>
          <Loaded query={logs}>
            {(lines) => (lines.length > 0 ? <LogLines label={t('services.log')} lines={lines.map(plainLine)} height={360} /> : <p style={{ margin: 0 }}>{t('services.logEmpty')}</p>)}
          </Loaded>
        </section>
      </Stack>
    </Drawer>
  );
}
