import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { InitState, Session } from '../../../lib/api-types';
import { initQuery, sessionQuery } from '../../../lib/queries';

/** Set the first password; the reply signs in. */
export function useInit() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { password: string; setup_code?: string }) => apiPost<Session>('mgmt/init', body),
    onSuccess: () => {
      queries.setQueryData<InitState>(initQuery.queryKey, { init: true, setup_code_required: false });
      queries.setQueryData(sessionQuery.queryKey, true);
    },
  });
}

export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (password: string) => apiPost<Session>('mgmt/login', { password }),
    onSuccess: () => queries.setQueryData(sessionQuery.queryKey, true),
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => apiPost('mgmt/logout'),
    // The next person at this screen must not see what was fetched for the last one.
    onSuccess: () => queries.clear(),
  });
}

export function useChangePassword() {
  return useMutation({
    mutationFn: (body: { password: string; new_password: string }) => apiPost<Session>('mgmt/password', body),
  });
}
