import { NativeSelect, Radio, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { CountField } from '../../../components/count-field';
import { OptionSwitch } from '../../../components/option-switch';
import { SaveBar } from '../../../components/save-bar';
import type { Programme } from '../../../lib/ffmpeg-types';
import { useDraft } from '../../../lib/use-draft';
import { useUpdateProgramme } from '../api/use-programme';
import { urlOf } from '../programme-state';
import { formatOf, formats, formatValue, settingsChanges, settingsFaults, settingsOf } from '../settings-draft';

const RATES = ['48000', '44100'];

/** How the programme is put together. */
export function SettingsCard({ programme }: { programme: Programme }) {
  const { t } = useTranslation();
  const update = useUpdateProgramme();
  const { value, dirty, change } = useDraft(settingsOf(programme));
  const faults = settingsFaults(value, programme.sources.map(urlOf));
  return (
    <Card title={t('programme.settings.title')}>
      <Stack>
        <TextInput
          label={t('programme.settings.label')}
          maxLength={80}
          value={value.label}
          onChange={(event) => change({ label: event.currentTarget.value })}
          error={faults.has('label') ? t('programme.settings.faults.label') : undefined}
        />
        <Radio.Group label={t('programme.settings.start')} value={value.start} onChange={(start) => change({ start: start === 'always' ? 'always' : 'first_source' })}>
          <Stack gap={10} mt={8}>
            <Radio value="always" label={t('programme.settings.always')} description={t('programme.settings.alwaysHint')} />
            <Radio value="first_source" label={t('programme.settings.first')} description={t('programme.settings.firstHint')} />
          </Stack>
        </Radio.Group>
        <TextInput
          label={t('programme.settings.local')}
          description={t('programme.settings.localHint')}
          placeholder="live/programme"
          autoCapitalize="off"
          spellCheck={false}
          value={value.local_stream}
          onChange={(event) => change({ local_stream: event.currentTarget.value.trim() })}
          error={faults.has('local_stream') ? t('programme.settings.faults.local') : undefined}
        />
        <SimpleGrid cols={2} style={{ alignItems: 'end' }}>
          <CountField label={t('programme.settings.lost')} description={t('programme.settings.lostHint')} value={value.lost_after_ms} least={300} most={2000} onChange={(lost_after_ms) => change({ lost_after_ms })} />
          <CountField label={t('programme.settings.buffer')} description={t('programme.settings.bufferHint')} value={value.buffer_ms} most={2000} onChange={(buffer_ms) => change({ buffer_ms })} />
        </SimpleGrid>
        <OptionSwitch label={t('programme.settings.normalise')} hint={t('programme.settings.normaliseHint')} checked={value.normalise} onChange={(normalise) => change({ normalise })}>
          <Stack>
            <NativeSelect label={t('programme.settings.format')} value={formatValue(value)} data={formats(settingsOf(programme))} onChange={(event) => change(formatOf(event.currentTarget.value))} />
            <SimpleGrid cols={2}>
              <CountField label={t('programme.settings.kbps')} value={value.video_kbps} least={100} most={50_000} onChange={(video_kbps) => change({ video_kbps })} />
              <NativeSelect
                label={t('programme.settings.rate')}
                value={String(value.audio_rate)}
                data={RATES.map((rate) => ({ value: rate, label: `${Number(rate) / 1000} kHz` }))}
                onChange={(event) => change({ audio_rate: Number(event.currentTarget.value) })}
              />
            </SimpleGrid>
          </Stack>
        </OptionSwitch>
        <SaveBar
          label={t('programme.save')}
          dirty={dirty}
          pending={update.isPending}
          saved={update.isSuccess}
          error={update.error}
          onSave={() => faults.size === 0 && update.mutate({ id: programme.id, ...settingsChanges(value, programme) })}
        />
      </Stack>
    </Card>
  );
}
