import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { Loaded } from '../../../components/loaded';
import { PageHead } from '../../../components/page-head';
import { rulesQuery } from '../../../features/record-rules/api/use-record-rules';
import { HowCard } from '../../../features/record-rules/components/how-card';
import { SchedulesCard } from '../../../features/record-rules/components/schedules-card';
import { WhatCard } from '../../../features/record-rules/components/what-card';
import type { RecordRules } from '../../../lib/recording-types';
import { useTitle } from '../../use-title';
import { RecordingsTabs } from '../recordings-tabs';
import classes from './settings-page.module.css';

/** What is recorded, when, and what is made of it? */
export function RecordRulesPage() {
  const { t } = useTranslation();
  useTitle(t('recordRules.title'));
  const rules = useQuery(rulesQuery);
  return (
    <>
      <PageHead title={t('nav.recordings')} state={rules.data ? summary(rules.data, t) : t('recordRules.intro')} />
      <RecordingsTabs />
      <div className={classes.halves}>
        <div className={classes.column}>
          <Loaded query={rules} rows={6}>
            {(data) => <WhatCard rules={data} />}
          </Loaded>
          <SchedulesCard />
        </div>
        {rules.data && <HowCard rules={rules.data} />}
      </div>
    </>
  );
}

function summary({ record_all, dvr_all, vod_all, globs }: RecordRules, t: TFunction): string {
  if (dvr_all || vod_all || (record_all && globs.length === 0)) return t('recordRules.state.every');
  return record_all ? t('recordRules.state.globs', { count: globs.length }) : t('recordRules.state.none');
}
