import type { QueryClient } from '@tanstack/react-query';
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, type RouterHistory } from '@tanstack/react-router';
import { needNoPassword, needNoSession, needSession } from './gates';
import type { LibrarySearch } from '../features/library/library-search';
import { withWords } from '../lib/i18n';
import { PageFault } from './page-fault';
import { PageWait } from './page-wait';

export function makeRouter(queries: QueryClient, history?: RouterHistory) {
  const root = createRootRoute();

  const setup = createRoute({
    getParentRoute: () => root,
    path: '/setup',
    beforeLoad: () => needNoPassword(queries),
    component: lazyRouteComponent(() => import('./pages/setup-page'), 'SetupPage'),
  });
  const signIn = createRoute({
    getParentRoute: () => root,
    path: '/sign-in',
    validateSearch: (search: Record<string, unknown>): { ended?: boolean } => (search.ended === true ? { ended: true } : {}),
    beforeLoad: () => needNoSession(queries),
    component: lazyRouteComponent(() => import('./pages/sign-in-page'), 'SignInPage'),
  });
  const shell = createRoute({
    getParentRoute: () => root,
    id: 'shell',
    beforeLoad: () => needSession(queries),
    component: lazyRouteComponent(() => import('./shell/shell'), 'Shell'),
  });
  const home = createRoute({
    getParentRoute: () => shell,
    path: '/',
    component: lazyRouteComponent(() => withWords('home', () => import('./pages/home-page')), 'HomePage'),
  });
  const streams = createRoute({
    getParentRoute: () => shell,
    path: '/streams',
    component: lazyRouteComponent(() => import('./pages/streams-page'), 'StreamsPage'),
  });
  const streamRules = createRoute({
    getParentRoute: () => shell,
    path: '/streams/rules',
    component: lazyRouteComponent(() => withWords('streams', () => import('./pages/stream-rules-page')), 'StreamRulesPage'),
  });
  const statistics = createRoute({
    getParentRoute: () => shell,
    path: '/streams/statistics',
    component: lazyRouteComponent(() => withWords('stats', () => import('./pages/statistics-page')), 'StatisticsPage'),
  });
  const streamPages = () => withWords('streams', () => import('./pages/stream/pages'));
  const stream = createRoute({
    getParentRoute: () => shell,
    path: '/streams/$app/$stream',
    component: lazyRouteComponent(streamPages, 'StreamPage'),
  });
  const streamTabs = [
    createRoute({ getParentRoute: () => stream, path: '/', component: lazyRouteComponent(streamPages, 'LiveTab') }),
    createRoute({ getParentRoute: () => stream, path: '/keys', component: lazyRouteComponent(streamPages, 'KeysTab') }),
    createRoute({ getParentRoute: () => stream, path: '/viewers', component: lazyRouteComponent(streamPages, 'ViewersTab') }),
    createRoute({
      getParentRoute: () => stream,
      path: '/statistics',
      component: lazyRouteComponent(() => withWords('stats', () => import('./pages/stream/statistics-tab')), 'StatisticsTab'),
    }),
    createRoute({ getParentRoute: () => stream, path: '/access', component: lazyRouteComponent(streamPages, 'AccessTab') }),
    createRoute({
      getParentRoute: () => stream,
      path: '/recording',
      component: lazyRouteComponent(() => withWords('storage', () => import('./pages/stream/recording-tab')), 'RecordingTab'),
    }),
    createRoute({ getParentRoute: () => stream, path: '/share', component: lazyRouteComponent(streamPages, 'ShareTab') }),
  ] as const;
  const outputs = createRoute({
    getParentRoute: () => shell,
    path: '/outputs',
    // A new output is being added, with this source; empty for a guess.
    validateSearch: (search: Record<string, unknown>): { add?: string } => (typeof search.add === 'string' ? { add: search.add } : {}),
    component: lazyRouteComponent(() => withWords('outputs', () => import('./pages/outputs/outputs-page')), 'OutputsPage'),
  });
  const programme = createRoute({
    getParentRoute: () => shell,
    path: '/outputs/programme',
    validateSearch: (search: Record<string, unknown>): { id?: string } => (typeof search.id === 'string' ? { id: search.id } : {}),
    component: lazyRouteComponent(() => withWords('outputs', () => import('./pages/outputs/programme-page')), 'ProgrammePage'),
  });
  const recordings = createRoute({
    getParentRoute: () => shell,
    path: '/recordings',
    validateSearch: (search: LibrarySearch): LibrarySearch => search,
    component: lazyRouteComponent(() => withWords('recordings', () => import('./pages/recordings/library-page')), 'LibraryPage'),
  });
  const recording = createRoute({
    getParentRoute: () => shell,
    path: '/recordings/$id',
    component: lazyRouteComponent(
      () => withWords('streams', () => withWords('recordings', () => import('./pages/recordings/recording-page'))),
      'RecordingPage',
    ),
  });
  const settingsPages = () => withWords('storage', () => import('./pages/recordings/settings-pages'));
  const recordingSettings = [
    createRoute({ getParentRoute: () => shell, path: '/recordings/rules', component: lazyRouteComponent(settingsPages, 'RecordRulesPage') }),
    createRoute({ getParentRoute: () => shell, path: '/recordings/storage', component: lazyRouteComponent(settingsPages, 'StoragePage') }),
    createRoute({ getParentRoute: () => shell, path: '/recordings/retention', component: lazyRouteComponent(settingsPages, 'RetentionPage') }),
  ] as const;
  // What a channel sends to outputs fails as they do.
  const channelPages = () => withWords('outputs', () => withWords('channels', () => import('./pages/channels/pages')));
  const channels = [
    createRoute({ getParentRoute: () => shell, path: '/channels', component: lazyRouteComponent(channelPages, 'VlivePage') }),
    createRoute({ getParentRoute: () => shell, path: '/channels/cameras', component: lazyRouteComponent(channelPages, 'CamerasPage') }),
    createRoute({ getParentRoute: () => shell, path: '/channels/transcode', component: lazyRouteComponent(channelPages, 'TranscodePage') }),
  ] as const;
  const watching = <T,>(load: () => Promise<T>) => withWords('system', load);
  const house = <T,>(load: () => Promise<T>) => withWords('house', () => watching(load));
  const system = [
    createRoute({ getParentRoute: () => shell, path: '/system', component: lazyRouteComponent(() => house(() => import('./pages/system/system-page')), 'SystemPage') }),
    createRoute({ getParentRoute: () => shell, path: '/system/https', component: lazyRouteComponent(() => house(() => import('./pages/system/https-page')), 'HttpsPage') }),
    createRoute({ getParentRoute: () => shell, path: '/system/upgrade', component: lazyRouteComponent(() => house(() => import('./pages/system/upgrade-page')), 'UpgradePage') }),
    createRoute({ getParentRoute: () => shell, path: '/system/backup', component: lazyRouteComponent(() => house(() => import('./pages/system/backup-page')), 'BackupPage') }),
    createRoute({ getParentRoute: () => shell, path: '/system/monitoring', component: lazyRouteComponent(() => withWords('home', () => watching(() => import('./pages/system/monitoring-page'))), 'MonitoringPage') }),
    createRoute({ getParentRoute: () => shell, path: '/system/alerts', component: lazyRouteComponent(() => withWords('home', () => withWords('incidents', () => watching(() => import('./pages/system/alerts-page')))), 'AlertsPage') }),
    createRoute({ getParentRoute: () => shell, path: '/system/logs', component: lazyRouteComponent(() => watching(() => import('./pages/system/logs-page')), 'LogsPage') }),
    createRoute({ getParentRoute: () => shell, path: '/system/audit', component: lazyRouteComponent(() => withWords('audit', () => watching(() => import('./pages/system/audit-page'))), 'AuditPage') }),
    createRoute({ getParentRoute: () => shell, path: '/system/api-keys', component: lazyRouteComponent(() => withWords('streams', () => house(() => import('./pages/system/api-keys-page'))), 'ApiKeysPage') }),
    createRoute({
      getParentRoute: () => shell,
      path: '/system/webhooks',
      component: lazyRouteComponent(() => withWords('webhooks', () => watching(() => import('./pages/system/webhooks-page'))), 'WebhooksPage'),
    }),
    createRoute({ getParentRoute: () => shell, path: '/system/settings', component: lazyRouteComponent(() => house(() => import('./pages/system/settings-page')), 'SettingsPage') }),
  ] as const;

  return createRouter({
    routeTree: root.addChildren([setup, signIn, shell.addChildren([home, streams, streamRules, statistics, stream.addChildren(streamTabs), outputs, programme, recordings, recording, ...recordingSettings, ...channels, ...system])]),
    basepath: '/mgmt',
    defaultPreload: 'intent',
    defaultPendingMs: 300,
    defaultPendingComponent: PageWait,
    defaultErrorComponent: PageFault,
    defaultNotFoundComponent: () => <PageFault notFound />,
    ...(history ? { history } : {}),
  });
}

export type AppRouter = ReturnType<typeof makeRouter>;

declare module '@tanstack/react-router' {
  interface Register {
    router: AppRouter;
  }
}
