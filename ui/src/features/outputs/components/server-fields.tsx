import { NativeSelect, PasswordInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import type { Output, OutputPreset } from '../../../lib/ffmpeg-types';
import type { OutputDraft } from '../output-draft';
import { keyHelp } from '../platform-words';

interface ServerFieldsProps {
  draft: OutputDraft;
  preset: OutputPreset;
  /** The saved one, whose key is kept unless another is written. */
  output: Output | null;
  faults: { server?: string | undefined; key?: string | undefined };
  onChange: (part: Partial<OutputDraft>) => void;
}

const OWN = 'own';

/** Where it goes, and the key that lets it in. */
export function ServerFields({ draft, preset, output, faults, onChange }: ServerFieldsProps) {
  const { t } = useTranslation();
  const { servers } = preset;
  const listed = servers.some(({ url }) => url === draft.server);
  const [writing, setWriting] = useState(false);
  const own = servers.length === 0 || writing || !listed;
  const kept = output !== null && output.has_key && output.platform === draft.platform;
  return (
    <>
      {servers.length > 0 && (
        <NativeSelect
          label={t('outputs.form.server')}
          value={own ? OWN : draft.server}
          data={[...servers.map(({ label, url }) => ({ value: url, label: serverLabel(label, t) })), { value: OWN, label: t('outputs.form.serverOwn') }]}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            setWriting(chosen === OWN);
            if (chosen !== OWN) onChange({ server: chosen });
          }}
        />
      )}
      {own && (
        <TextInput
          label={t('outputs.form.address')}
          description={t('outputs.form.addressHint')}
          placeholder={preset.key_form === 'stream_id' ? 'srt://host:port' : 'rtmp://host/app'}
          inputMode="url"
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          value={draft.server}
          onChange={(event) => onChange({ server: event.currentTarget.value })}
          error={faults.server}
        />
      )}
      <div>
        <PasswordInput
          label={t('outputs.form.key')}
          description={keyHelp(preset, t)}
          placeholder={kept ? t('outputs.form.keyKept', { hint: output.key_hint }) : undefined}
          autoComplete="new-password"
          spellCheck={false}
          value={draft.key}
          onChange={(event) => onChange({ key: event.currentTarget.value })}
          error={faults.key}
          visibilityToggleButtonProps={{ 'aria-label': t('outputs.form.showKey') }}
        />
        {preset.key_url && (
          <a href={preset.key_url} target="_blank" rel="noopener noreferrer" style={{ display: 'inline-flex', gap: 5, alignItems: 'center', marginTop: 6, color: 'var(--ss-accent)', fontSize: 13 }}>
            {t('outputs.form.keyLink')} <Icon name="open" size={13} />
          </a>
        )}
      </div>
    </>
  );
}

/** A server's label with its first words in the page's language: “Nearest (RTMPS)”, “Europe: Paris”. */
function serverLabel(label: string, t: (key: 'outputs.servers.Primary', options: { defaultValue: string }) => string): string {
  return label.replace(/^[A-Za-z ,]+(?=$|[:(])/, (word) => {
    const known = t(`outputs.servers.${word.trim()}` as 'outputs.servers.Primary', { defaultValue: word.trim() });
    return word.endsWith(' ') ? `${known} ` : known;
  });
}
