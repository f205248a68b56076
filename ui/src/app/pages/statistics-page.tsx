import { useTranslation } from 'react-i18next';
import { PageHead } from '../../components/page-head';
import { Statistics } from '../../features/stats/components/statistics';
import { StreamRanking } from '../../features/stats/components/stream-ranking';
import { useTitle } from '../use-title';
import { StreamsTabs } from './streams-tabs';

const ALL = {};

/** Who watched, over all streams. */
export function StatisticsPage() {
  const { t } = useTranslation();
  useTitle(t('stats.title'));
  return (
    <>
      <PageHead title={t('nav.streams')} state={t('stats.all')} />
      <StreamsTabs />
      <Statistics scope={ALL}>{(range) => <StreamRanking range={range} />}</Statistics>
    </>
  );
}
