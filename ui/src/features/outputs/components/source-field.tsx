import { NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { programmesQuery } from '../../../lib/ffmpeg-queries';
import { knownStreamsQuery } from '../../../lib/queries';
import { useLive } from '../../../lib/use-live';
import { ANY_STREAM } from '../output-draft';

interface SourceFieldProps {
  value: string;
  error?: string | undefined;
  onChange: (value: string) => void;
}

const OTHER = 'other';

/** Which picture goes out: a stream that is live or known, a programme, or any name. */
export function SourceField({ value, error, onChange }: SourceFieldProps) {
  const { t } = useTranslation();
  const programmes = useQuery(programmesQuery).data ?? [];
  const { live, known } = useStreamNames();
  const listed = new Set([ANY_STREAM, ...live, ...known, ...programmes.map(({ id }) => `programme:${id}`)]);
  const [typing, setTyping] = useState(false);
  const other = typing || (value !== '' && !listed.has(value));
  const named = (streams: string[]) => streams.map((stream) => ({ value: stream, label: stream.replace('stream:', '') }));
  return (
    <>
      <NativeSelect
        label={t('outputs.form.source')}
        description={t('outputs.form.sourceHint')}
        value={other ? OTHER : value}
        data={[
          ...(value === '' ? [{ value: '', label: t('outputs.form.sourceChoose') }] : []),
          ...(programmes.length > 0 ? [{ group: t('outputs.form.programmes'), items: programmes.map(({ id, label }) => ({ value: `programme:${id}`, label })) }] : []),
          ...(live.length > 0 ? [{ group: t('outputs.form.live'), items: named(live) }] : []),
          ...(known.length > 0 ? [{ group: t('outputs.form.known'), items: named(known) }] : []),
          { value: ANY_STREAM, label: t('outputs.source.any') },
          { value: OTHER, label: t('outputs.form.other') },
        ]}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          setTyping(chosen === OTHER);
          onChange(chosen === OTHER ? 'stream:live/' : chosen);
        }}
        error={other ? undefined : error}
      />
      {other && (
        <TextInput
          label={t('outputs.form.otherName')}
          description={t('outputs.form.otherHint')}
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          value={value.replace('stream:', '')}
          onChange={(event) => onChange(`stream:${event.currentTarget.value.trim()}`)}
          error={error}
        />
      )}
    </>
  );
}

/** Streams as values of this field; what is live is no longer among the known. */
export function useStreamNames(): { live: string[]; known: string[] } {
  const live = (useLive().streams ?? []).map(({ app, stream }) => `stream:${app}/${stream}`);
  const known = (useQuery(knownStreamsQuery).data ?? []).map(({ app, stream }) => `stream:${app}/${stream}`);
  return { live: [...new Set(live)], known: known.filter((one) => !live.includes(one)) };
}
