import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { useProbe } from '../api/use-channels';
import { addressName, isAddress, newItem, SCHEMES, type DraftItem } from '../channel-draft';
import { ProbeResult } from './probe-result';

interface AddAddressProps {
  allowPrivate: boolean;
  onAdd: (item: DraftItem) => void;
}

/** A stream or film somewhere else, tried before it is added if one likes. */
export function AddAddress({ allowPrivate, onAdd }: AddAddressProps) {
  const { t } = useTranslation();
  const [url, setUrl] = useState('');
  const [tried, setTried] = useState(false);
  const probe = useProbe();
  const schemes = SCHEMES.join(', ');
  const address = url.trim();
  const checked = (act: () => void) => {
    setTried(true);
    if (isAddress(address)) act();
  };
  const look = () => probe.mutate({ url: address, kind: 'vlive', allow_private: allowPrivate });
  const add = () => {
    // What was found out of another address says nothing of this one.
    const known = probe.variables?.url === address ? probe.data : undefined;
    onAdd(newItem('stream', addressName(address), address, known && { probe: known }));
    setUrl('');
    setTried(false);
    probe.reset();
  };
  return (
    <Stack gap={10}>
      <TextInput
        label={t('channels.form.url')}
        description={t('channels.add.urlHint', { schemes })}
        inputMode="url"
        autoCapitalize="off"
        autoComplete="off"
        spellCheck={false}
        maxLength={2048}
        placeholder="https://example.com/live/stream.m3u8"
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
        // Enter adds it: it does not send the form around.
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          checked(add);
        }}
        error={tried && !isAddress(address) ? t('channels.form.faults.address', { schemes }) : undefined}
      />
      <Group gap={8}>
        <Button variant="default" loading={probe.isPending} onClick={() => checked(look)}>
          {t('channels.add.probe')}
        </Button>
        <Button variant="light" c="var(--ss-accent)" onClick={() => checked(add)}>
          {t('channels.add.add')}
        </Button>
      </Group>
      {probe.error && <HelpfulError error={probe.error} />}
      {probe.data && <ProbeResult probe={probe.data} />}
    </Stack>
  );
}
