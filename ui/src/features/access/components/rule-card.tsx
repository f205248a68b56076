import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { Loaded } from '../../../components/loaded';
import { playRuleQuery, type StreamRef } from '../../../lib/queries';
import { RuleForm } from './rule-form';

/** Who may watch one stream or recording. */
export function RuleCard({ of }: { of: StreamRef }) {
  const { t } = useTranslation();
  const rule = useQuery(playRuleQuery(of));
  const byDefault = useQuery(playRuleQuery(null));
  return (
    <Card title={t('access.title')}>
      <Loaded query={rule} rows={4}>
        {(data) => <RuleForm of={of} rule={data} byDefault={byDefault.data?.kind} />}
      </Loaded>
    </Card>
  );
}
