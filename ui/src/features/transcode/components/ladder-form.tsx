import { Button, Group, Input, NativeSelect, NumberInput, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormEnd } from '../../../components/form-end';
import { Icon } from '../../../components/icons';
import { OptionSwitch } from '../../../components/option-switch';
import { StreamField } from '../../../components/stream-field';
import type { Machine, Rendition, Transcode } from '../../../lib/ffmpeg-types';
import { useLive } from '../../../lib/use-live';
import {
  draftOf,
  ENCODER_PRESETS,
  isComplete,
  isSource,
  MOST_RENDITIONS,
  newLadder,
  PRESET_NAMES,
  renditionFaults,
  shared,
  toSend,
  withPreset,
  type LadderChange,
  type LadderDraft,
  type PresetName,
} from '../ladder-draft';
import { useEstimate } from '../use-estimate';
import { CpuEstimate } from './cpu-estimate';
import { HardwareField } from './hardware-field';
import { RenditionFields } from './rendition-fields';

interface LadderFormProps {
  ladder: Transcode | null;
  machine: Machine;
  pending: boolean;
  error: unknown;
  onSubmit: (fields: LadderChange) => void;
  onCancel: () => void;
}

/** Everything that is chosen of a ladder, with what it costs while it is being written. */
export function LadderForm({ ladder, machine, pending, error, onSubmit, onCancel }: LadderFormProps) {
  const { t } = useTranslation();
  const { streams } = useLive();
  const [draft, setDraft] = useState<LadderDraft>(() => (ladder ? draftOf(ladder) : newLadder(streams?.[0]?.url ?? '')));
  const [tried, setTried] = useState(false);
  const estimate = useEstimate(draft, ladder?.id ?? '');
  const change = (part: Partial<LadderDraft>) => setDraft((now) => ({ ...now, ...part }));
  const encoded = draft.renditions.some(({ codec }) => codec === 'h264');
  const gop = shared(draft.renditions, 'gop_s');
  const preset = shared(draft.renditions, 'preset');
  const changeAll = (part: Partial<Rendition>) =>
    change({ renditions: draft.renditions.map((one) => (one.codec === 'h264' ? { ...one, ...part } : one)) });
  const gopWrong = draft.renditions.some((one) => renditionFaults(one, draft.renditions).gop_s);

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (isComplete(draft)) onSubmit(toSend(draft));
      }}
    >
      <Stack>
        <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'start' }}>
          <Stack gap="sm">
            <StreamField
              label={t('transcode.form.stream')}
              description={t('transcode.form.streamHint')}
              value={draft.source}
              onChange={(source) => change({ source })}
              error={tried && !isSource(draft.source) ? t('transcode.form.faults.stream') : undefined}
            />
          </Stack>
          <TextInput
            label={t('transcode.form.label')}
            description={t('transcode.form.labelHint')}
            maxLength={100}
            value={draft.label}
            onChange={(event) => change({ label: event.currentTarget.value })}
          />
        </SimpleGrid>
        <div role="group" aria-label={t('transcode.form.renditions')}>
          <Group gap={8} mb={10}>
            {PRESET_NAMES.map((name) => (
              <Button
                key={name}
                size="compact-sm"
                variant="default"
                leftSection={<Icon name="plus" size={14} />}
                disabled={draft.renditions.length >= MOST_RENDITIONS}
                onClick={() => setDraft(withPreset(draft, name))}
              >
                {presetWord(name, t)}
              </Button>
            ))}
          </Group>
          <Stack gap={10}>
            {draft.renditions.map((one, at) => (
              <RenditionFields
                key={one.key}
                rendition={one}
                stream={draft.source.split('/')[1] ?? ''}
                faults={renditionFaults(one, draft.renditions)}
                percent={estimate.fresh ? estimate.data?.per[at] : undefined}
                onChange={(part) => change({ renditions: draft.renditions.map((other) => (other.key === one.key ? { ...other, ...part } : other)) })}
                onRemove={() => change({ renditions: draft.renditions.filter(({ key }) => key !== one.key) })}
              />
            ))}
          </Stack>
          {tried && draft.renditions.length === 0 && <Input.Error role="alert">{t('transcode.form.faults.empty')}</Input.Error>}
        </div>
        {encoded && (
          <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'start' }}>
            <NumberInput
              label={t('transcode.form.gop')}
              description={t('transcode.form.gopHint')}
              value={gop ?? ''}
              step={0.5}
              hideControls
              allowNegative={false}
              clampBehavior="none"
              onChange={(value) => changeAll({ gop_s: value === '' ? Number.NaN : Number(value) })}
              error={gopWrong ? t('transcode.form.faults.gop') : undefined}
            />
            <NativeSelect
              label={t('transcode.form.preset')}
              description={t('transcode.form.presetHint')}
              value={preset ?? ''}
              data={[
                ...(preset === null ? [{ value: '', label: t('transcode.form.presetMixed') }] : []),
                ...ENCODER_PRESETS.map((value) => ({ value, label: t(`transcode.form.presetNames.${value}`) })),
              ]}
              onChange={(event) => event.currentTarget.value && changeAll({ preset: event.currentTarget.value as Rendition['preset'] })}
            />
          </SimpleGrid>
        )}
        <HardwareField value={draft.hardware} found={machine.hardware} onChange={(hardware) => change({ hardware })} />
        {draft.renditions.length > 0 && <CpuEstimate estimate={estimate} />}
        {!ladder && <OptionSwitch label={t('transcode.form.enabled')} checked={draft.enabled} onChange={(enabled) => change({ enabled })} />}
        <FormEnd submit={t(!ladder && draft.enabled ? 'transcode.form.create' : 'transcode.form.save')} pending={pending} error={error} onCancel={onCancel} />
      </Stack>
    </form>
  );
}

function presetWord(name: PresetName, t: (key: 'transcode.form.audio' | 'transcode.form.copy' | 'transcode.form.own') => string): string {
  return name === 'audio' || name === 'copy' || name === 'own' ? t(`transcode.form.${name}`) : name;
}
