import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { onSignedOut } from '../lib/api-client';
import { sessionQuery } from '../lib/queries';
import { makeQueryClient } from './query-client';
import { makeRouter } from './router';
import { cssVariables, theme } from './theme';

const queryClient = makeQueryClient();
const router = makeRouter(queryClient);

onSignedOut(() => {
  queryClient.setQueryData(sessionQuery.queryKey, false);
  void router.navigate({ to: '/sign-in', search: { ended: true } });
});

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="dark">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
