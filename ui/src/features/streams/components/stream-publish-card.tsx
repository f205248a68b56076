import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CountField, isCount } from '../../../components/count-field';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { OptionSwitch } from '../../../components/option-switch';
import { SaveBar } from '../../../components/save-bar';
import { publishRulesQuery, type StreamRef } from '../../../lib/queries';
import { useDraft } from '../../../lib/use-draft';
import type { KnownStream } from '../../../lib/api-types';
import { useAddStream, useUpdateStream } from '../api/use-known-streams';
import { MOST } from '../publish-limits';

interface StreamPublishCardProps {
  of: StreamRef;
  /** null: not added yet; saving adds it. */
  known: KnownStream | null;
}

/** Who may publish one stream, beyond the rules for all. */
export function StreamPublishCard({ of, known }: StreamPublishCardProps) {
  const { t } = useTranslation();
  const rules = useQuery(publishRulesQuery);
  const add = useAddStream();
  const update = useUpdateStream();
  const { value, changes, dirty, change, reset } = useDraft({ own_keys_only: known?.own_keys_only ?? false, max_kbps: known?.max_kbps ?? 0 });
  const save = async () => {
    if (!isCount(value.max_kbps, MOST.max_kbps)) return;
    if (!known) await add.mutateAsync(of);
    await update.mutateAsync({ ...of, ...changes });
    reset();
  };
  return (
    <Card title={t('publish.own.title')}>
      <Stack>
        {rules.error && <HelpfulError error={rules.error} onRetry={() => void rules.refetch()} />}
        {rules.data?.no_auth && (
          <Notice tone="warn" title={t('publish.own.open')}>
            <p>
              {t('publish.own.openText')} <Link to="/streams/rules">{t('publish.toRules')}</Link>
            </p>
          </Notice>
        )}
        <OptionSwitch
          label={t('publish.own.ownKeysOnly')}
          hint={t('publish.own.ownKeysOnlyHint')}
          checked={value.own_keys_only}
          onChange={(own_keys_only) => change({ own_keys_only })}
        />
        <CountField
          label={t('publish.own.maxKbps')}
          description={t('publish.own.maxKbpsHint')}
          value={value.max_kbps}
          most={MOST.max_kbps}
          onChange={(max_kbps) => change({ max_kbps })}
        />
        <SaveBar
          label={t('rules.save')}
          dirty={dirty}
          pending={add.isPending || update.isPending}
          saved={update.isSuccess}
          error={add.error ?? update.error}
          onSave={() => void save().catch(() => undefined)}
        />
      </Stack>
    </Card>
  );
}
