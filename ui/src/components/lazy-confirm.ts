import { lazy } from 'react';

/** ConfirmModal, fetched when first asked for. Put a Suspense around it. */
export const ConfirmModal = lazy(() => import('./confirm-modal').then((module) => ({ default: module.ConfirmModal })));
