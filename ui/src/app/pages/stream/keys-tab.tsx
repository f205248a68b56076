import { KeysCard } from '../../../features/keys/components/keys-card';
import { StreamPublishCard } from '../../../features/streams/components/stream-publish-card';
import { useStreamRow } from '../../../features/streams/use-stream-row';
import classes from './stream-page.module.css';
import { useStreamParams } from './use-stream-params';

/** Who may publish the stream. */
export function KeysTab() {
  const of = useStreamParams();
  const { row, settled } = useStreamRow(of);
  return (
    <div className={classes.columns}>
      <KeysCard of={of} />
      {settled && <StreamPublishCard of={of} known={row.known} />}
    </div>
  );
}
