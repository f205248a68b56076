import { Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { SaveBar } from '../../../components/save-bar';
import type { PlayRule } from '../../../lib/api-types';
import type { StreamRef } from '../../../lib/queries';
import { VOD_APP } from '../../../lib/share-links';
import { useDraft } from '../../../lib/use-draft';
import { useUpdateRule } from '../api/use-play-rule';
import { changeOf, draftOf, faultOf } from '../rule-draft';
import { KindChoice } from './kind-choice';
import { PassphraseFields } from './passphrase-fields';
import { WebhookFields } from './webhook-fields';

interface RuleFormProps {
  /** null: the rule of every stream that has none of its own. */
  of: StreamRef | null;
  rule: PlayRule;
  /** What a stream without a rule of its own follows, when known. */
  byDefault?: PlayRule['kind'] | undefined;
}

export function RuleForm({ of, rule, byDefault }: RuleFormProps) {
  const { t } = useTranslation();
  const update = useUpdateRule(of);
  const [tried, setTried] = useState(false);
  const { value, dirty, change, reset } = useDraft(draftOf(rule));
  const fault = tried ? faultOf(value) : null;
  const save = () => {
    setTried(true);
    if (faultOf(value)) return;
    update.mutate(changeOf(value), {
      onSuccess: () => {
        setTried(false);
        reset();
      },
    });
  };
  return (
    <Stack>
      <KindChoice value={value.kind} inherits={of !== null} byDefault={byDefault} recording={of?.app === VOD_APP} onChange={(kind) => change({ kind })} />
      {value.kind === 'pass' && (
        <PassphraseFields of={of} isSet={rule.passphrase_set} removable={rule.kind === 'pass' && !rule.inherited} draft={value} faulty={fault === 'phrase'} onChange={change} />
      )}
      {value.kind === 'webhook' && (
        <WebhookFields secretSet={rule.webhook_secret_set} draft={value} faulty={fault === 'url'} onChange={change} />
      )}
      {dirty && <p style={{ margin: 0, color: 'var(--ss-dim)', fontSize: 13 }}>{t('access.cut')}</p>}
      <SaveBar label={t('access.save')} dirty={dirty} pending={update.isPending} saved={update.isSuccess} error={update.error} onSave={save} />
    </Stack>
  );
}
