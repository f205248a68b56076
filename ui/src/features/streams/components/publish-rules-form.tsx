import { SimpleGrid, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CountField, isCount } from '../../../components/count-field';
import { Notice } from '../../../components/notice';
import { OptionSwitch } from '../../../components/option-switch';
import { SaveBar } from '../../../components/save-bar';
import type { PublishRules } from '../../../lib/api-types';
import { useDraft } from '../../../lib/use-draft';
import { useUpdatePublishRules } from '../api/use-publish-rules';
import { MOST, type Limit } from '../publish-limits';

const LIMITS = Object.keys(MOST) as Limit[];

/** What holds for every publisher. */
export function PublishRulesForm({ rules }: { rules: PublishRules }) {
  const { t } = useTranslation();
  const update = useUpdatePublishRules();
  const { value, changes, dirty, change, reset } = useDraft(rules);
  const limit = (name: Limit, label: string, hint: string) => (
    <CountField label={label} description={hint} value={value[name]} most={MOST[name]} onChange={(count) => change({ [name]: count })} />
  );
  const save = () => {
    if (LIMITS.every((name) => isCount(value[name], MOST[name]))) update.mutate(changes, { onSuccess: reset });
  };
  return (
    <Stack>
      <OptionSwitch label={t('publish.knownOnly')} hint={t('publish.knownOnlyHint')} checked={value.known_only} onChange={(known_only) => change({ known_only })} />
      <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'end' }}>
        {limit('max_streams', t('publish.maxStreams'), t('publish.noLimit'))}
        {limit('max_kbps', t('publish.maxKbps'), `${t('publish.noLimit')} ${t('publish.maxKbpsHint')}`)}
        {limit('max_attempts', t('publish.maxAttempts'), `${t('publish.noLimit')} ${t('publish.maxAttemptsHint')}`)}
        {limit('kick_block_s', t('publish.kickBlock'), t('publish.kickBlockHint'))}
      </SimpleGrid>
      <OptionSwitch
        label={t('publish.secretInName')}
        hint={t('publish.secretInNameHint')}
        checked={value.secret_in_name}
        onChange={(secret_in_name) => change({ secret_in_name })}
      >
        <Notice tone="warn">{t('publish.secretInNameRisk')}</Notice>
      </OptionSwitch>
      <OptionSwitch label={t('publish.noAuth')} checked={value.no_auth} onChange={(no_auth) => change({ no_auth })}>
        <Notice tone="warn">{t('publish.noAuthHint')}</Notice>
      </OptionSwitch>
      <SaveBar label={t('rules.save')} dirty={dirty} pending={update.isPending} saved={update.isSuccess} error={update.error} onSave={save} />
    </Stack>
  );
}
