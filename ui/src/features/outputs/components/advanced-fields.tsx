import { Radio, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CountField } from '../../../components/count-field';
import { OptionSwitch } from '../../../components/option-switch';
import { WeekFields } from '../../../components/week-fields';
import { MOST_TRIES, type OutputDraft } from '../output-draft';

interface AdvancedFieldsProps {
  draft: OutputDraft;
  tried: boolean;
  onChange: (part: Partial<OutputDraft>) => void;
}

/** What few need to change: folded until asked for. */
export function AdvancedFields({ draft, tried, onChange }: AdvancedFieldsProps) {
  const { t } = useTranslation();
  return (
    <details>
      <summary style={{ cursor: 'pointer' }}>{t('outputs.form.advanced')}</summary>
      <Stack mt={12}>
        <OptionSwitch label={t('outputs.form.scheduled')} hint={t('outputs.form.scheduledHint')} checked={draft.scheduled} onChange={(scheduled) => onChange({ scheduled })}>
          <Stack>
            <WeekFields value={draft.times} tried={tried} onChange={(part) => onChange({ times: { ...draft.times, ...part } })} />
          </Stack>
        </OptionSwitch>
        <CountField
          label={t('outputs.form.giveUp')}
          description={t('outputs.form.giveUpHint')}
          value={draft.give_up_after}
          most={MOST_TRIES}
          onChange={(give_up_after) => onChange({ give_up_after })}
        />
        {/^rtmps:/i.test(draft.server.trim()) && (
          <OptionSwitch label={t('outputs.form.verify')} hint={t('outputs.form.verifyHint')} checked={draft.verify_tls} onChange={(verify_tls) => onChange({ verify_tls })} />
        )}
        <Radio.Group label={t('outputs.form.sender')} value={draft.sender} onChange={(sender) => onChange({ sender: sender === 'ffmpeg' ? 'ffmpeg' : 'native' })}>
          <Stack gap={10} mt={8}>
            <Radio value="native" label={t('outputs.form.native')} description={t('outputs.form.nativeHint')} />
            <Radio value="ffmpeg" label="FFmpeg" description={t('outputs.form.ffmpegHint')} />
          </Stack>
        </Radio.Group>
      </Stack>
    </details>
  );
}
