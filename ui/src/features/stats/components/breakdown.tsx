import { SimpleGrid } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import type { ViewerStats } from '../../../lib/api-types';
import { countryName, protocolName } from '../names';
import { ShareBars } from './share-bars';

/** By which protocols they watched, and from where. */
export function Breakdown({ stats }: { stats: ViewerStats }) {
  const { t, i18n } = useTranslation();
  const known = stats.countries.some(({ country }) => country !== null);
  const visits = (count: number) => t('stats.visits', { count });
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing={12}>
      <Card title={t('stats.protocols.title')}>
        <ShareBars
          none={t('stats.protocols.none')}
          shares={stats.protocols.map(({ protocol, sessions }) => ({
            key: protocol,
            name: protocolName(protocol),
            value: sessions,
            amount: visits(sessions),
          }))}
        />
      </Card>
      <Card title={t('stats.countries.title')}>
        <ShareBars
          none={t('stats.countries.none')}
          shares={
            known
              ? stats.countries.map(({ country, sessions }) => ({
                  key: country ?? '',
                  name: country === null ? t('stats.countries.unknown') : countryName(country, i18n.language),
                  value: sessions,
                  amount: visits(sessions),
                }))
              : []
          }
        />
      </Card>
    </SimpleGrid>
  );
}
