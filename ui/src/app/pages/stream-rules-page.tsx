import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../components/card';
import { Loaded } from '../../components/loaded';
import { PageHead } from '../../components/page-head';
import { RuleForm } from '../../features/access/components/rule-form';
import { PublishRulesForm } from '../../features/streams/components/publish-rules-form';
import { playRuleQuery, publishRulesQuery } from '../../lib/queries';
import { useTitle } from '../use-title';
import { StreamsTabs } from './streams-tabs';
import classes from './stream/stream-page.module.css';

/** What holds for every stream: publishing, and watching where a stream has no rule of its own. */
export function StreamRulesPage() {
  const { t } = useTranslation();
  const publishing = useQuery(publishRulesQuery);
  const watching = useQuery(playRuleQuery(null));
  useTitle(t('rules.title'));
  return (
    <>
      <PageHead title={t('nav.streams')} state={t('rules.title')} />
      <StreamsTabs />
      <div className={classes.halves}>
        <Card title={t('publish.title')}>
          <Loaded query={publishing} rows={6}>
            {(rules) => <PublishRulesForm rules={rules} />}
          </Loaded>
        </Card>
        <Card title={t('access.defaultTitle')}>
          <p style={{ margin: '0 0 14px', color: 'var(--ss-dim)' }}>{t('access.defaultText')}</p>
          <Loaded query={watching} rows={4}>
            {(rule) => <RuleForm of={null} rule={rule} />}
          </Loaded>
        </Card>
      </div>
    </>
  );
}
