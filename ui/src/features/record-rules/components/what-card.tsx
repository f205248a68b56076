import { Radio, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { OptionSwitch } from '../../../components/option-switch';
import { SaveBar } from '../../../components/save-bar';
import type { RecordRules } from '../../../lib/recording-types';
import { useDraft } from '../../../lib/use-draft';
import { useUpdateRules } from '../api/use-record-rules';
import { readGlobs } from '../glob';
import { GlobPreview } from './glob-preview';

type Choice = 'none' | 'every' | 'globs';

/** Which streams are recorded by themselves. */
export function WhatCard({ rules }: { rules: RecordRules }) {
  const { t } = useTranslation();
  const update = useUpdateRules();
  const saved = { choice: choiceOf(rules), text: rules.globs.join('\n'), dvr_all: rules.dvr_all, vod_all: rules.vod_all };
  const { value, dirty, change, reset } = useDraft(saved);
  const [tried, setTried] = useState(false);
  const globs = readGlobs(value.text);
  const noGlobs = value.choice === 'globs' && globs.length === 0;
  const save = () => {
    setTried(true);
    if (noGlobs) return;
    const { choice, dvr_all, vod_all } = value;
    // Without patterns every stream is meant.
    update.mutate({ record_all: choice !== 'none', ...(choice !== 'none' && { globs: choice === 'globs' ? globs : [] }), dvr_all, vod_all }, { onSuccess: reset });
  };
  return (
    <Card title={t('recordRules.what.title')}>
      <Stack>
        <Radio.Group aria-label={t('recordRules.what.title')} value={value.choice} onChange={(choice) => change({ choice: choice as Choice })}>
          <Stack gap={10}>
            <Radio value="none" label={t('recordRules.what.none')} description={t('recordRules.what.noneHint')} />
            <Radio value="every" label={t('recordRules.what.every')} description={t('recordRules.what.everyHint')} />
            <Radio value="globs" label={t('recordRules.what.globs')} description={t('recordRules.what.globsHint')} />
          </Stack>
        </Radio.Group>
        {value.choice === 'globs' && (
          <>
            <Textarea
              label={t('recordRules.what.patterns')}
              description={t('recordRules.what.patternsHint')}
              placeholder={'live/*\nnews/studio-?'}
              rows={4}
              autoCapitalize="off"
              spellCheck={false}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
              value={value.text}
              onChange={(event) => change({ text: event.currentTarget.value })}
              error={tried && noGlobs ? t('recordRules.what.patternMissing') : undefined}
            />
            <GlobPreview globs={globs} />
          </>
        )}
        <OptionSwitch label={t('recordRules.what.dvr')} hint={t('recordRules.what.dvrHint')} checked={value.dvr_all} onChange={(dvr_all) => change({ dvr_all })} />
        <OptionSwitch label={t('recordRules.what.vod')} hint={t('recordRules.what.vodHint')} checked={value.vod_all} onChange={(vod_all) => change({ vod_all })} />
        <SaveBar label={t('recordRules.save')} dirty={dirty} pending={update.isPending} saved={update.isSuccess} error={update.error} onSave={save} />
      </Stack>
    </Card>
  );
}

function choiceOf({ record_all, globs }: RecordRules): Choice {
  if (!record_all) return 'none';
  return globs.length > 0 ? 'globs' : 'every';
}
