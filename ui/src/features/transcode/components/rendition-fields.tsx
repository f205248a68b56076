import { NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../../components/icon-button';
import type { Rendition } from '../../../lib/ffmpeg-types';
import type { RenditionFault } from '../ladder-draft';
import { formatPercent } from '../transcode-state';
import classes from './rendition-fields.module.css';

interface RenditionFieldsProps {
  rendition: Rendition;
  /** Name of the stream it is made of. */
  stream: string;
  faults: Partial<Record<keyof Rendition, RenditionFault>>;
  /** What it takes of the processor; undefined while it is counted. */
  percent: number | undefined;
  onChange: (part: Partial<Rendition>) => void;
  onRemove: () => void;
}

/** One rendition: its size, its bitrates, and what it costs. */
export function RenditionFields({ rendition, stream, faults, percent, onChange, onRemove }: RenditionFieldsProps) {
  const { t } = useTranslation();
  const { name, codec, audio_channels } = rendition;
  const fault = (field: keyof Rendition) => (faults[field] ? t(`transcode.form.faults.${faults[field]}`) : undefined);
  const number = (field: 'width' | 'height' | 'fps' | 'video_kbps' | 'audio_kbps', label: string, description?: string) => (
    <NumberInput
      label={label}
      description={description}
      value={Number.isNaN(rendition[field]) ? '' : rendition[field]}
      hideControls
      allowNegative={false}
      allowDecimal={false}
      clampBehavior="none"
      inputMode="numeric"
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      onChange={(value) => onChange({ [field]: value === '' ? Number.NaN : Number(value) })}
      error={fault(field)}
    />
  );
  return (
    <section className={classes.rung} aria-label={name}>
      <div className={classes.head}>
        <h3 className={classes.name}>{name}</h3>
        {percent !== undefined && <span className={classes.share}>{t('transcode.form.share', { percent: formatPercent(percent) })}</span>}
        <span className={classes.remove}>
          <IconButton icon="close" name={t('transcode.form.removeOf', { name })} onClick={onRemove} />
        </span>
      </div>
      <div className={classes.fields}>
        <TextInput
          label={t('transcode.form.name')}
          autoCapitalize="off"
          spellCheck={false}
          maxLength={32}
          value={name}
          onChange={(event) => onChange({ name: event.currentTarget.value })}
          error={fault('name')}
        />
        {codec === 'h264' && (
          <>
            {number('width', t('transcode.form.width'))}
            {number('height', t('transcode.form.height'))}
            {number('fps', t('transcode.form.fps'), t('transcode.form.fpsHint'))}
            {number('video_kbps', t('transcode.form.video'))}
          </>
        )}
        {codec !== 'copy' && (
          <>
            {number('audio_kbps', t('transcode.form.sound'))}
            <NativeSelect
              label={t('transcode.form.channels')}
              value={String(audio_channels)}
              data={[
                { value: '0', label: t('transcode.form.asSource') },
                { value: '1', label: t('transcode.form.mono') },
                { value: '2', label: t('transcode.form.stereo') },
              ]}
              onChange={(event) => onChange({ audio_channels: Number(event.currentTarget.value) })}
            />
          </>
        )}
      </div>
      {stream !== '' && <p className={classes.published}>{t('transcode.form.streamName', { stream: `${stream}_${name}` })}</p>}
    </section>
  );
}
