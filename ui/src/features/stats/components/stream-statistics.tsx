import { Statistics } from './statistics';

/** The statistics of one stream. */
export function StreamStatistics({ app, stream }: { app: string; stream: string }) {
  return <Statistics key={`${app}/${stream}`} scope={{ app, stream }} />;
}
