import type { Channel } from '../../../lib/ffmpeg-types';
import { CameraForm } from './camera-form';
import { ChannelDrawer } from './channel-drawer';

interface CameraDrawerProps {
  /** Null: a new one. */
  channel: Channel | null;
  onClose: () => void;
}

/** Add a camera or change one. */
export function CameraDrawer({ channel, onClose }: CameraDrawerProps) {
  return (
    <ChannelDrawer kind="camera" channel={channel} onClose={onClose}>
      {(frame) => <CameraForm channel={channel} frame={frame} />}
    </ChannelDrawer>
  );
}
