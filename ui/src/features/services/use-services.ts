import { useQuery } from '@tanstack/react-query';
import type { Service } from '../../lib/api-types';
import type { HouseService } from '../../lib/house-types';
import { statusQuery } from '../../lib/queries';
import { useLive } from '../../lib/use-live';
import { containersQuery } from './api/use-services';

/** Every service with what is known of it: states of the live link, figures of the last answer. */
export function useServices() {
  const live = useLive();
  const containers = useQuery(containersQuery);
  const status = useQuery(statusQuery);
  const states = live.services ?? status.data?.services;
  const services = containers.data ? containers.data.map((one) => withState(one, states)) : states?.map(bare);
  return { services, error: containers.error, retry: () => void Promise.all([containers.refetch(), status.refetch()]) };
}

function withState(service: HouseService, states: Service[] | undefined): HouseService {
  const told = states?.find(({ name }) => name === service.name);
  // What is switched off runs nowhere: the link has no word for it.
  if (!told || !service.enabled) return service;
  const { state, since_ms, restarts, pid, detail } = told;
  return { ...service, state, since_ms, restarts, pid: pid ?? null, detail };
}

/** While the host service is away only states are known. */
function bare({ name, state, since_ms, restarts, pid, detail }: Service): HouseService {
  return {
    name,
    state,
    since_ms,
    restarts,
    pid: pid ?? null,
    detail,
    enabled: true,
    can_disable: false,
    container: {},
    kind: 'process',
    image: '',
    digest: '',
    version: '',
    ports: [],
    cpu_percent: null,
    memory_bytes: null,
    memory_limit_bytes: null,
    pids: null,
    health: null,
    last_exit: null,
    can_rollback_image: false,
    media_server: '',
    pull: null,
  };
}
