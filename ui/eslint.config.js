import js from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import hooks from 'eslint-plugin-react-hooks';
import { readdirSync } from 'node:fs';
import tseslint from 'typescript-eslint';

const features = readdirSync(new URL('./src/features', import.meta.url));

// app → features → components, lib. A feature never imports another.
const zones = [
  { target: './src/lib', from: './src', except: ['./lib', './locales'], message: 'lib imports lib only' },
  { target: './src/components', from: './src', except: ['./components', './lib', './assets'], message: 'components import components and lib only' },
  { target: './src/watch', from: './src', except: ['./watch', './lib', './locales'], message: 'the watch page holds no admin code' },
  { target: './src/vod', from: './src', except: ['./vod', './watch', './lib', './locales'], message: 'the page of a recording holds no admin code' },
  { target: './src/features', from: './src/app', message: 'a feature never imports the app' },
  ...features.map((name) => ({
    target: `./src/features/${name}`,
    from: './src/features',
    except: [`./${name}`],
    message: 'a feature never imports another: put them together in app',
  })),
];

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'screenshots', 'src/lib/schema.gen.ts'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'import-x': importX, 'react-hooks': hooks },
    settings: {
      // Only these are looked into for cycles: packages know nothing of ours, and take long.
      'import-x/extensions': ['.ts', '.tsx'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.tsx', '.js', '.json', '.css'] })],
    },
    rules: {
      ...hooks.configs.recommended.rules,
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-cycle': 'error',
      'import-x/no-unresolved': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  // Tests lay several parts together on purpose.
  { files: ['src/**/*.test.{ts,tsx}'], rules: { 'import-x/no-restricted-paths': 'off', '@typescript-eslint/no-non-null-assertion': 'off' } },
  { files: ['scripts/**/*.mjs', '*.config.js'], languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly' } } },
);
