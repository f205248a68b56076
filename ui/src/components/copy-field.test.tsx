import { screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { renderPart } from '../testing/render';
import { CopyField } from './copy-field';

test('a masked value is hidden until shown, and copied in full', async () => {
  const { user } = renderPart(<CopyField label="Key" value="name?secret=abc" masked="name?secret=••••" />);
  expect(screen.getByLabelText('Key')).toHaveValue('name?secret=••••');
  await user.click(screen.getByRole('button', { name: 'Copy Key' }));
  expect(await screen.findByText('Key copied')).toBeInTheDocument();
  expect(await navigator.clipboard.readText()).toBe('name?secret=abc');
  await user.click(screen.getByRole('button', { name: 'Show Key' }));
  expect(screen.getByLabelText('Key')).toHaveValue('name?secret=abc');
  await user.click(screen.getByRole('button', { name: 'Hide Key' }));
  expect(screen.getByLabelText('Key')).toHaveValue('name?secret=••••');
});

test('copying works on plain http, where browsers hide the clipboard', async () => {
  const { user } = renderPart(<CopyField label="Server" value="rtmp://host/live" />);
  vi.stubGlobal('navigator', { ...navigator, clipboard: undefined });
  let copied = '';
  document.execCommand = vi.fn(() => {
    copied = (document.activeElement as HTMLTextAreaElement).value;
    return true;
  });
  await user.click(screen.getByRole('button', { name: 'Copy Server' }));
  expect(await screen.findByText('Server copied')).toBeInTheDocument();
  expect(copied).toBe('rtmp://host/live');
  expect(document.querySelector('textarea')).toBeNull();
});

test('a browser that allows no copy is told apart', async () => {
  const { user } = renderPart(<CopyField label="Server" value="rtmp://host/live" />);
  vi.stubGlobal('navigator', { ...navigator, clipboard: undefined });
  document.execCommand = vi.fn(() => false);
  await user.click(screen.getByRole('button', { name: 'Copy Server' }));
  expect(await screen.findByText(/could not be copied/)).toBeInTheDocument();
});
