import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { HelpfulError } from '../../../components/helpful-error';
import { frontQuery } from '../../../lib/use-front';
import { EmbedCard } from './embed-card';
import { HlsCard } from './hls-card';
import { HomepageCard } from './homepage-card';
import { ProxiesCard } from './proxies-card';

/** Everything that the web server is told. */
export function FrontCards() {
  const { data: front, error, refetch } = useQuery(frontQuery);
  if (!front) return error ? <HelpfulError error={error} onRetry={() => void refetch()} /> : <Skeleton h={220} radius={10} />;
  return (
    <>
      {error && <HelpfulError error={error} onRetry={() => void refetch()} />}
      <HlsCard front={front} />
      <HomepageCard front={front} />
      <EmbedCard front={front} />
      <ProxiesCard front={front} />
    </>
  );
}
