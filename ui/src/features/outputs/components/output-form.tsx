import { Button, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FormEnd } from '../../../components/form-end';
import { Notice } from '../../../components/notice';
import { OptionSwitch } from '../../../components/option-switch';
import type { Output, OutputPreset } from '../../../lib/ffmpeg-types';
import { useTestOutput } from '../api/use-outputs';
import { changesOf, faultsOf, interrupts, toFields, type OutputDraft, type OutputFields } from '../output-draft';
import { platformName } from '../platform-words';
import { AdvancedFields } from './advanced-fields';
import { OutputTestResult } from './output-test';
import { PlatformMark } from './platform-mark';
import classes from './platform-picker.module.css';
import { ServerFields } from './server-fields';
import { SourceField } from './source-field';

interface OutputFormProps {
  /** Null: a new one. */
  output: Output | null;
  draft: OutputDraft;
  presets: OutputPreset[];
  preset: OutputPreset;
  pending: boolean;
  error: unknown;
  onChange: (draft: OutputDraft) => void;
  onPlatform: () => void;
  onSubmit: (fields: Partial<OutputFields>) => void;
  onCancel: () => void;
}

/** Everything that is chosen of an output, and a test before it is saved. */
export function OutputForm({ output, draft, presets, preset, pending, error, onChange, onPlatform, onSubmit, onCancel }: OutputFormProps) {
  const { t } = useTranslation();
  const [tried, setTried] = useState(false);
  const test = useTestOutput();
  const keyStored = output !== null && output.has_key && output.platform === draft.platform;
  const faults = faultsOf(draft, preset, keyStored);
  const name = platformName(preset.id, presets, t);
  const change = (part: Partial<OutputDraft>) => onChange({ ...draft, ...part });
  const fault = (field: keyof OutputDraft) => (tried && faults[field] ? t(`outputs.form.faults.${faults[field]}`) : undefined);
  const fields = output ? changesOf(draft, output) : toFields(draft);
  const running = output !== null && (output.state === 'live' || output.state === 'stalled');

  const submit = () => {
    setTried(true);
    if (Object.keys(faults).length > 0) return;
    if (output && Object.keys(fields).length === 0) onCancel();
    else onSubmit(fields);
  };
  const tryIt = () => {
    setTried(true);
    if (faults.server || faults.key) return;
    const { platform, server, key, sender, verify_tls } = draft;
    // A key that is stored stays with the server: what is not written counts as it is saved.
    test.mutate({ ...(output && { id: output.id }), platform, server: server.trim(), sender, verify_tls, ...(key.trim() && { key: key.trim() }) });
  };

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack>
        <div className={classes.chosen}>
          <PlatformMark platform={preset.id} name={name} />
          <strong>{name}</strong>
          <Button size="compact-md" variant="default" onClick={onPlatform}>
            {t('outputs.form.change')}
          </Button>
        </div>
        <ServerFields key={preset.id} draft={draft} preset={preset} output={output} faults={{ server: fault('server'), key: fault('key') }} onChange={change} />
        <SourceField value={draft.source} error={fault('source')} onChange={(source) => change({ source })} />
        <TextInput
          label={t('outputs.form.label')}
          description={t('outputs.form.labelHint')}
          placeholder={name}
          maxLength={64}
          value={draft.label}
          onChange={(event) => change({ label: event.currentTarget.value })}
        />
        {!output && <OptionSwitch label={t('outputs.form.enabled')} hint={t('outputs.form.enabledHint')} checked={draft.enabled} onChange={(enabled) => change({ enabled })} />}
        <AdvancedFields draft={draft} tried={tried} onChange={change} />
        {!running && (
          <div>
            <Button variant="default" loading={test.isPending} onClick={tryIt}>
              {t('outputs.form.test')}
            </Button>
            <p style={{ margin: '6px 0 0', color: 'var(--ss-dim)', fontSize: 12 }}>{t('outputs.form.testHint')}</p>
          </div>
        )}
        <OutputTestResult test={test} />
        {running && interrupts(fields) && (
          <Notice tone="warn">
            <p>{t('outputs.form.interrupts')}</p>
          </Notice>
        )}
        <FormEnd submit={t(output ? 'outputs.form.save' : 'outputs.add')} pending={pending} error={error} onCancel={onCancel} />
      </Stack>
    </form>
  );
}
