import { readFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { expect, test } from 'vitest';

test('the types are those of openapi.json; else run `npm run gen`', async () => {
  const made = astToString(await openapiTS(readFileSync('openapi.json', 'utf8')));
  expect(readFileSync('src/lib/schema.gen.ts', 'utf8')).toContain(made.trim());
});
