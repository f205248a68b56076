import '@mantine/core/styles.layer.css';
import './app/global.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { makeApp } from './app/make-app';
import { startI18n } from './lib/i18n';
import { reloadForMissingParts } from './lib/missing-parts';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

reloadForMissingParts();
await startI18n();
createRoot(root).render(<StrictMode>{makeApp().app}</StrictMode>);
