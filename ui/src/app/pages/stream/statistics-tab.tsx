import { StreamStatistics } from '../../../features/stats/components/stream-statistics';
import { useStreamParams } from './use-stream-params';

/** Who watched the stream, and when. */
export function StatisticsTab() {
  return <StreamStatistics {...useStreamParams()} />;
}
