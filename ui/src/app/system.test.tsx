import { act, screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { fakeApi } from '../testing/fake-api';
import { goLive, renderApp } from '../testing/render';
import { service } from '../testing/samples';

test('services are listed with their state, and follow the live events', async () => {
  fakeApi();
  renderApp('/system');
  const source = await goLive([], [service('redis'), service('media')]);
  expect(await screen.findByText('All 2 services are running')).toBeVisible();
  act(() => source.send('services', { services: [service('redis'), service('media', 'backoff', 'exit status 1')] }));
  expect(await screen.findByText('Not running: media')).toBeVisible();
  const row = screen.getByRole('row', { name: /media/ });
  expect(within(row).getByText('Waiting to restart')).toHaveAccessibleDescription('exit status 1');
});

test('runtime and its reason are told', async () => {
  fakeApi();
  renderApp('/system');
  expect(await screen.findByText('Processes')).toBeVisible();
  expect(screen.getByText(/No Docker Engine answers/)).toBeVisible();
  expect(screen.getByText('Embedded engine')).toBeVisible();
});

test('the page speaks Chinese when asked to', async () => {
  fakeApi();
  const { user } = renderApp('/system');
  await goLive([]);
  await user.click(screen.getByRole('button', { name: 'Account' }));
  await user.click(await screen.findByRole('menuitem', { name: '简体中文' }));
  expect(await screen.findByRole('heading', { name: '系统' })).toBeVisible();
  expect(document.documentElement.lang).toBe('zh-CN');
});

test('an unknown address says so and leads back', async () => {
  fakeApi();
  renderApp('/nowhere');
  expect(await screen.findByText('There is no such page')).toBeVisible();
});
