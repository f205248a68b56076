import { Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../components/helpful-error';
import { useSummary } from '../../features/dashboard/api/use-summary';
import { HealthSentence } from '../../features/dashboard/components/health-sentence';
import { LiveStreams } from '../../features/live/components/live-streams';
import { withWords } from '../../lib/i18n';
import { useTitle } from '../use-title';
import classes from './home-page.module.css';

// Beside and below what is live, so their code and words need not come before the first screen.
const GaugesCard = lazy(() => import('../../features/dashboard/components/gauges-card').then((module) => ({ default: module.GaugesCard })));
const Incidents = lazy(() => withWords('incidents', () => import('../../features/dashboard/components/incidents')).then((module) => ({ default: module.Incidents })));
const FirstSteps = lazy(() => import('../../features/dashboard/components/first-steps').then((module) => ({ default: module.FirstSteps })));
const DemoSwitch = lazy(() => import('../../features/ingest/components/demo-switch').then((module) => ({ default: module.DemoSwitch })));

/** Is everything all right? */
export function HomePage() {
  const { t } = useTranslation();
  useTitle(t('nav.home'));
  const { summary, error, retry } = useSummary();
  return (
    <>
      {error ? (
        <div style={{ marginBottom: 20 }}>
          <HelpfulError error={error} onRetry={retry} />
        </div>
      ) : (
        <HealthSentence summary={summary} />
      )}
      <div className={classes.columns}>
        <div className={classes.column}>
          <LiveStreams
            emptyHelp={
              <Suspense fallback={<Skeleton h={200} />}>
                <FirstSteps />
                <DemoSwitch />
              </Suspense>
            }
          />
          {summary && (
            <Suspense>
              <Incidents summary={summary} />
            </Suspense>
          )}
        </div>
        <div className={classes.column}>
          {summary ? (
            <Suspense fallback={<Skeleton h={360} radius={10} />}>
              <GaugesCard summary={summary} />
            </Suspense>
          ) : (
            !error && <Skeleton h={360} radius={10} />
          )}
        </div>
      </div>
    </>
  );
}
