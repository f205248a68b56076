import { NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useStreamNames } from '../lib/use-stream-names';

interface Choice {
  value: string;
  label: string;
}

interface StreamFieldProps {
  label: string;
  description?: string | undefined;
  /** `app/stream`, or the value of another choice; empty while nothing is chosen. */
  value: string;
  error?: string | undefined;
  /** What can be chosen besides streams, before them and after them. */
  before?: { group: string; items: Choice[] }[];
  after?: Choice[];
  /** Streams that are no choice here. */
  without?: string[];
  onChange: (value: string) => void;
}

const OTHER = 'other:';

/** A stream: one that is live, one that is known, or any name. */
export function StreamField({ label, description, value, error, before = [], after = [], without = [], onChange }: StreamFieldProps) {
  const { t } = useTranslation();
  const names = useStreamNames();
  const [live, known] = [names.live, names.known].map((streams) => streams.filter((one) => !without.includes(one))) as [string[], string[]];
  const listed = new Set([...live, ...known, ...before.flatMap(({ items }) => items.map((one) => one.value)), ...after.map((one) => one.value)]);
  const [typing, setTyping] = useState(false);
  const other = typing || (value !== '' && !listed.has(value));
  const named = (streams: string[]): Choice[] => streams.map((one) => ({ value: one, label: one }));
  return (
    <>
      <NativeSelect
        label={label}
        description={description}
        value={other ? OTHER : value}
        data={[
          ...(value === '' && !other ? [{ value: '', label: t('streamField.choose') }] : []),
          ...before.filter(({ items }) => items.length > 0),
          ...(live.length > 0 ? [{ group: t('streamField.live'), items: named(live) }] : []),
          ...(known.length > 0 ? [{ group: t('streamField.known'), items: named(known) }] : []),
          ...after,
          { value: OTHER, label: t('streamField.other') },
        ]}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          setTyping(chosen === OTHER);
          onChange(chosen === OTHER ? 'live/' : chosen);
        }}
        error={other ? undefined : error}
      />
      {other && (
        <TextInput
          label={t('streamField.name')}
          description={t('streamField.nameHint')}
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value.trim())}
          error={error}
        />
      )}
    </>
  );
}
