import { Button, Group, Stack, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { Notice } from '../../../components/notice';
import { OptionSwitch } from '../../../components/option-switch';
import type { Recording } from '../../../lib/recording-types';
import { useClip } from '../api/use-library';
import { formatMoment, parseMoment } from '../moment';
import { nameOf } from '../recording-state';
import type { PlayerHandle } from './recording-player';

interface ClipCardProps {
  recording: Recording;
  player: () => PlayerHandle | null;
}

/** Take a part of a recording as a new one: from, to, and how exactly. */
export function ClipCard({ recording, player }: ClipCardProps) {
  const { t } = useTranslation();
  const clip = useClip();
  const [from, setFrom] = useState('0:00.0');
  const [to, setTo] = useState('');
  const [title, setTitle] = useState('');
  const [precise, setPrecise] = useState(false);
  const [tried, setTried] = useState(false);
  const inMs = parseMoment(from);
  const outMs = parseMoment(to);
  const fromFault = inMs === null ? t('recordings.clip.noTime') : inMs >= recording.duration_ms ? t('recordings.clip.behindEnd') : undefined;
  const toFault = outMs === null ? t('recordings.clip.noTime') : inMs !== null && outMs <= inMs ? t('recordings.clip.backwards') : undefined;

  const submit = () => {
    setTried(true);
    if (inMs === null || outMs === null || fromFault || toFault) return;
    clip.mutate(
      // The end is shown rounded: a tenth behind it is still the end.
      { id: recording.id, in_ms: inMs, out_ms: Math.min(outMs, recording.duration_ms), precise, ...(title.trim() && { title: title.trim() }) },
      { onSuccess: () => setTried(false) },
    );
  };
  const point = (label: string, value: string, set: (value: string) => void, fault: string | undefined, take: string) => (
    <TextInput
      label={label}
      value={value}
      placeholder="0:00.0"
      autoComplete="off"
      spellCheck={false}
      style={{ flex: '1 1 130px' }}
      onChange={(event) => set(event.currentTarget.value)}
      error={tried ? fault : undefined}
      rightSectionWidth={96}
      rightSection={
        <Button size="compact-xs" variant="default" aria-label={take} onClick={() => set(formatMoment(player()?.now() ?? 0))}>
          {t('recordings.clip.here')}
        </Button>
      }
    />
  );

  return (
    <Card title={t('recordings.clip.title')}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack>
          <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('recordings.clip.text')}</p>
          <Group align="flex-start">
            {point(t('recordings.clip.from'), from, setFrom, fromFault, t('recordings.clip.fromHere'))}
            {point(t('recordings.clip.to'), to, setTo, toFault, t('recordings.clip.toHere'))}
          </Group>
          <TextInput label={t('recordings.clip.name')} placeholder={nameOf(recording)} maxLength={200} value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
          <OptionSwitch label={t('recordings.clip.precise')} hint={t('recordings.clip.preciseHint')} checked={precise} onChange={setPrecise} />
          {clip.error && <HelpfulError error={clip.error} />}
          {clip.data && (
            <Notice tone="ok" role="status" title={t('recordings.clip.made')}>
              <Link to="/recordings/$id" params={{ id: clip.data.id }}>
                {t('recordings.clip.open', { name: nameOf(clip.data) })}
              </Link>
            </Notice>
          )}
          <Group justify="flex-end">
            <Button type="submit" variant="default" leftSection={<Icon name="scissors" size={16} />} loading={clip.isPending}>
              {t('recordings.clip.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}
