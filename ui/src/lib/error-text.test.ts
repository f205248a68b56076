import i18next from 'i18next';
import { describe, expect, test } from 'vitest';
import { ApiError } from './api-error';
import { errorText } from './error-text';
import { changeLanguage } from './i18n';

const text = (fields: Partial<ConstructorParameters<typeof ApiError>[0]>) =>
  errorText(new ApiError({ message: 'from the API', help: 'help from the API', key: 'x', path: 'p', ...fields }), i18next.t);

describe('the text of an error', () => {
  test('is the page’s own for a key it knows', () => {
    expect(text({ key: 'wrong_password' }).message).toBe('Wrong password.');
  });

  test('is the API’s for a key nobody has translated yet', () => {
    expect(text({ key: 'brand_new' })).toEqual({ message: 'from the API', help: 'help from the API' });
  });

  test('is the API’s for a key that covers many causes', () => {
    expect(text({ key: 'invalid' }).message).toBe('from the API');
  });

  test('names the time to wait', () => {
    expect(text({ key: 'rate_limited', retryAfterS: 90 }).help).toBe('Try again in 1:30.');
    expect(text({ key: 'rate_limited' }).help).toBe('Wait a minute, then try again.');
  });

  test('is Chinese on a Chinese page', async () => {
    await changeLanguage('zh');
    expect(text({ key: 'wrong_password' }).message).toBe('密码不对。');
  });
});
