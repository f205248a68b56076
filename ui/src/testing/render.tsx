import { MantineProvider } from '@mantine/core';
import { createMemoryHistory } from '@tanstack/react-router';
import { act, render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactElement } from 'react';
import { waitFor } from '@testing-library/react';
import { makeApp } from '../app/make-app';
import type { Service, Stream } from '../lib/api-types';
import { FakeEventSource } from './fake-event-source';

/** The whole admin page, opened at `path`. */
export function renderApp(path: string) {
  const { app, router } = makeApp(createMemoryHistory({ initialEntries: [`/mgmt${path}`] }));
  render(app);
  return { user: userEvent.setup(), router };
}

/** One component, as the page would show it. */
export function renderPart(part: ReactElement) {
  const user = userEvent.setup();
  return { user, ...render(<MantineProvider>{part}</MantineProvider>) };
}

/** Wait for the page's live connection, open it and send the streams. */
export async function goLive(streams: Stream[], services: Service[] = []): Promise<FakeEventSource> {
  const source = await waitFor(() => FakeEventSource.to('mgmt/live'));
  act(() => {
    source.open();
    source.send('streams', { at_ms: Date.now(), streams });
    source.send('services', { services });
  });
  return source;
}
