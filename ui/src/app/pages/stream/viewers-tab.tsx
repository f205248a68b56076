import { useStreamRow } from '../../../features/streams/use-stream-row';
import { ViewersCard } from '../../../features/viewers/components/viewers-card';
import classes from './stream-page.module.css';
import { useStreamParams } from './use-stream-params';

/** Who watches the stream. */
export function ViewersTab() {
  const of = useStreamParams();
  const { row } = useStreamRow(of);
  return (
    <div className={classes.column}>
      <ViewersCard of={of} live={row.live} />
    </div>
  );
}
