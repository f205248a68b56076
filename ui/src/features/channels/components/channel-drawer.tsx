import { Drawer } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Channel } from '../../../lib/ffmpeg-types';
import { useCreateChannel, useUpdateChannel } from '../api/use-channels';
import type { ChannelChange } from '../channel-draft';

/** What the form in a drawer is given. */
export interface FormFrame {
  submit: (fields: ChannelChange) => void;
  pending: boolean;
  error: unknown;
  onCancel: () => void;
}

interface ChannelDrawerProps {
  kind: Channel['kind'];
  /** Null: a new one. */
  channel: Channel | null;
  onClose: () => void;
  children: (frame: FormFrame) => ReactNode;
}

/** Make a channel or change one. */
export function ChannelDrawer({ kind, channel, onClose, children }: ChannelDrawerProps) {
  const { t } = useTranslation();
  const create = useCreateChannel();
  const update = useUpdateChannel();
  return (
    <Drawer
      opened
      size="xl"
      onClose={onClose}
      title={channel ? t('channels.form.edit', { label: channel.label }) : t(`channels.${kind}.add`)}
      // What was typed must not go with a stray click.
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {children({
        submit: (fields) => {
          // Whether it runs is no part of the form: it may have been stopped meanwhile.
          const { enabled: _enabled, ...rest } = fields;
          if (channel) update.mutate({ id: channel.id, ...rest }, { onSuccess: onClose });
          else create.mutate({ kind, ...fields }, { onSuccess: onClose });
        },
        pending: create.isPending || update.isPending,
        error: create.error ?? update.error,
        onCancel: onClose,
      })}
    </Drawer>
  );
}
