import { NativeSelect, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CountField, isCount } from '../../../components/count-field';
import { OptionSwitch } from '../../../components/option-switch';
import { SaveBar } from '../../../components/save-bar';
import { formatClock } from '../../../lib/format';
import type { RecordRules } from '../../../lib/recording-types';
import { useDraft } from '../../../lib/use-draft';
import { useUpdateRules } from '../api/use-record-rules';

/** The greatest values that the API takes. */
const MOST = { grace_s: 3_600, max_length_s: 30 * 86_400, max_size_mb: 10_000_000 } as const;
const LIMITS = Object.keys(MOST) as (keyof typeof MOST)[];

/** How recordings are cut, and what is made of them. */
export function HowCard({ rules }: { rules: RecordRules }) {
  const { t } = useTranslation();
  const update = useUpdateRules();
  const { value, changes, dirty, change, reset } = useDraft(rules);
  const save = () => {
    if (LIMITS.every((name) => isCount(value[name], MOST[name]))) update.mutate(changes, { onSuccess: reset });
  };
  const length = value.max_length_s > 0 ? ` ${t('recordRules.how.lengthIs', { time: formatClock(value.max_length_s) })}` : '';
  return (
    <Card title={t('recordRules.how.title')}>
      <Stack>
        <CountField
          label={t('recordRules.how.grace')}
          description={t('recordRules.how.graceHint')}
          value={value.grace_s}
          most={MOST.grace_s}
          onChange={(grace_s) => change({ grace_s })}
        />
        <NativeSelect
          label={t('recordRules.how.codec')}
          description={t('recordRules.how.codecHint')}
          value={value.on_codec_change}
          data={[
            { value: 'split', label: t('recordRules.how.split') },
            { value: 'join', label: t('recordRules.how.join') },
          ]}
          onChange={(event) => change({ on_codec_change: event.currentTarget.value === 'join' ? 'join' : 'split' })}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'end' }}>
          <CountField
            label={t('recordRules.how.length')}
            description={`${t('recordRules.how.noLimit')}${length}`}
            value={value.max_length_s}
            most={MOST.max_length_s}
            onChange={(max_length_s) => change({ max_length_s })}
          />
          <CountField
            label={t('recordRules.how.size')}
            description={t('recordRules.how.noLimit')}
            value={value.max_size_mb}
            most={MOST.max_size_mb}
            onChange={(max_size_mb) => change({ max_size_mb })}
          />
        </SimpleGrid>
        <OptionSwitch label={t('recordRules.how.mp4')} hint={t('recordRules.how.mp4Hint')} checked={value.mp4} onChange={(mp4) => change({ mp4 })} />
        <OptionSwitch
          label={t('recordRules.how.thumbnails')}
          hint={t('recordRules.how.thumbnailsHint')}
          checked={value.thumbnails}
          onChange={(thumbnails) => change({ thumbnails })}
        />
        <OptionSwitch
          label={t('recordRules.how.upload')}
          hint={t('recordRules.how.uploadHint')}
          checked={value.upload_all}
          onChange={(upload_all) => change({ upload_all })}
        />
        <NativeSelect
          label={t('recordRules.how.uploadWhat')}
          value={value.upload_what}
          data={(['all', 'segments', 'mp4'] as const).map((what) => ({ value: what, label: t(`recordRules.how.uploads.${what}`) }))}
          onChange={(event) => change({ upload_what: event.currentTarget.value as RecordRules['upload_what'] })}
        />
        <TextInput
          label={t('recordRules.how.copy')}
          description={t('recordRules.how.copyHint')}
          placeholder={t('recordRules.how.copyNone')}
          autoCapitalize="off"
          spellCheck={false}
          value={value.post_copy_dir}
          onChange={(event) => change({ post_copy_dir: event.currentTarget.value.trim() })}
        />
        <SaveBar label={t('recordRules.save')} dirty={dirty} pending={update.isPending} saved={update.isSuccess} error={update.error} onSave={save} />
      </Stack>
    </Card>
  );
}
