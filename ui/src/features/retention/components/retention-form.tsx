import { Radio, SimpleGrid, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CountField, isCount } from '../../../components/count-field';
import { Notice } from '../../../components/notice';
import { SaveBar } from '../../../components/save-bar';
import type { Retention } from '../../../lib/recording-types';
import { useDraft } from '../../../lib/use-draft';
import { useUpdateRetention } from '../api/use-retention';
import { LEAST, MOST, type Limit } from '../limits';

const LIMITS = Object.keys(MOST) as Limit[];

/** How long recordings stay, here and in the bucket. */
export function RetentionForm({ saved }: { saved: Retention }) {
  const { t } = useTranslation();
  const update = useUpdateRetention();
  const { value, changes, dirty, change, reset } = useDraft(saved);
  const orderly = value.stop_percent < value.warn_percent;
  const steps = { mp4: share(value.stop_percent, 0.8), recording: share(value.stop_percent, 0.6) };
  const field = (name: Limit) => (
    <CountField
      label={t(`retention.fields.${name}.label`)}
      description={t(`retention.fields.${name}.hint`, steps)}
      value={value[name]}
      least={LEAST[name]}
      most={MOST[name]}
      onChange={(count) => change({ [name]: count })}
    />
  );
  const save = () => {
    if (orderly && LIMITS.every((name) => isCount(value[name], MOST[name], LEAST[name]))) update.mutate(changes, { onSuccess: reset });
  };
  return (
    <Stack>
      <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('retention.text')}</p>
      <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'end' }}>
        {field('local_days')}
        {field('local_max_gb')}
        {field('min_free_percent')}
        {field('bucket_days')}
      </SimpleGrid>
      <Radio.Group
        label={t('retention.after.label')}
        value={value.after_upload}
        onChange={(chosen) => change({ after_upload: chosen as Retention['after_upload'] })}
      >
        <Stack gap={10} mt={8}>
          <Radio value="keep" label={t('retention.after.keep')} description={t('retention.after.keepHint')} />
          <Radio value="delete" label={t('retention.after.delete')} description={t('retention.after.deleteHint')} />
          <Radio value="days" label={t('retention.after.days')} description={t('retention.after.daysHint')} />
        </Stack>
      </Radio.Group>
      {value.after_upload === 'days' && <SimpleGrid cols={{ base: 1, xs: 2 }}>{field('after_upload_days')}</SimpleGrid>}
      <h3 style={{ margin: '6px 0 0', fontSize: 14 }}>{t('retention.guard.title')}</h3>
      <p style={{ margin: '-10px 0 0', color: 'var(--ss-dim)', fontSize: 13 }}>{t('retention.guard.text')}</p>
      <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'end' }}>
        {field('warn_percent')}
        {field('stop_percent')}
      </SimpleGrid>
      {!orderly && <p style={{ margin: 0, color: 'var(--ss-error)', fontSize: 13 }}>{t('retention.guard.order')}</p>}
      {dirty && <Notice tone="warn">{t('retention.atOnce')}</Notice>}
      <SaveBar label={t('retention.save')} dirty={dirty} pending={update.isPending} saved={update.isSuccess} error={update.error} onSave={save} />
    </Stack>
  );
}

/** The guard gives work up in steps, as parts of the limit. */
function share(percent: number, part: number): string {
  return Number.isNaN(percent) ? '…' : String(Math.round(percent * part * 10) / 10);
}
