import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { Certificate, HttpsCheck, HttpsRenewed } from '../../../lib/house-types';
import type { DnsWay } from '../domain-draft';

const REFRESH_MS = 30_000;
const JOB_REFRESH_MS = 1_000;

export const certificateQuery = queryOptions({
  queryKey: ['certificate'],
  queryFn: ({ signal }) => apiPost<Certificate>('mgmt/cert/query', {}, signal),
  refetchInterval: ({ state }) => (state.data?.job?.state === 'running' ? JOB_REFRESH_MS : REFRESH_MS),
});

/** As certificateQuery, for who waits for the steps of a job that is about to begin. */
export const jobQuery = (waiting: boolean) => ({ ...certificateQuery, ...(waiting && { refetchInterval: JOB_REFRESH_MS }) });

export interface CertificateRequest {
  domain: string;
  email: string;
  dns: DnsWay | null;
  dry_run?: boolean;
  force?: boolean;
}

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  const settled = () => Promise.all([queries.invalidateQueries({ queryKey: ['certificate'] }), queries.invalidateQueries({ queryKey: ['front'] })]);
  return useMutation({ mutationFn, onSettled: settled });
}

export function useCheckDomains() {
  return useMutation({ mutationFn: (of: Pick<CertificateRequest, 'domain' | 'dns'>) => apiPost<HttpsCheck>('mgmt/letsencrypt/check', of) });
}

export function useRequestCertificate() {
  return useChange((request: CertificateRequest) => apiPost<Certificate>('mgmt/letsencrypt', request));
}

export function useRenew() {
  return useChange((force: boolean) => apiPost<HttpsRenewed>('mgmt/letsencrypt/renew', { force }));
}

export function useUploadCertificate() {
  return useChange((pem: { key: string; crt: string }) => apiPost<Certificate>('mgmt/ssl', pem));
}

export function useSelfSigned() {
  return useChange(() => apiPost<Certificate>('mgmt/auto-self-signed-certificate'));
}

export function useRollbackCertificate() {
  return useChange(() => apiPost<Certificate>('mgmt/cert/rollback'));
}

export function useRenewalSettings() {
  return useChange((change: { email?: string; auto_renew?: boolean }) => apiPost<Certificate>('mgmt/letsencrypt/settings', change));
}
