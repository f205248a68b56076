import type { ReactNode } from 'react';
import type { Channel } from '../../../lib/ffmpeg-types';
import { ChannelDrawer } from './channel-drawer';
import { VliveForm } from './vlive-form';

/** Draws what sends own files; `owner` names the form, and is told of each file that has arrived. */
export type UploadSlot = (owner: string, onArrived: (file: { id: string; name: string }) => void) => ReactNode;

interface VliveDrawerProps {
  /** Null: a new one. */
  channel: Channel | null;
  uploads: UploadSlot | undefined;
  onClose: () => void;
}

/** Make a channel that plays a list, or change one. */
export function VliveDrawer({ channel, uploads, onClose }: VliveDrawerProps) {
  return (
    <ChannelDrawer kind="vlive" channel={channel} onClose={onClose}>
      {(frame) => <VliveForm channel={channel} uploads={uploads} frame={frame} />}
    </ChannelDrawer>
  );
}
