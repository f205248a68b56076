import type { Scale } from '../../components/time-series';
import { formatMs } from '../../lib/format';
import type { DashboardLine } from '../../lib/monitor-types';

const PERCENT: Scale = { format: (value) => `${round(value)} %`, top: 100 };
const COUNT: Scale = { format: String, step: 1 };
const BITS: Scale = { format: formatBps };
const RATE: Scale = { format: (value) => `${round(value)}/s` };
const TIME: Scale = { format: (value) => (value < 1 ? `${round(value)} ms` : formatMs(value)) };

type Name = DashboardLine['name'];

export interface Graph {
  id: 'machine' | 'network' | 'audience' | 'outputs' | 'callbacks' | 'latency';
  scale: Scale;
  /** The first is the most important. */
  lines: { name: Name; color: string; filled?: boolean; dashed?: boolean }[];
}

/** What is drawn together, and how. */
export const GRAPHS: Graph[] = [
  {
    id: 'machine',
    scale: PERCENT,
    lines: [
      { name: 'cpu', color: '--ss-accent', filled: true },
      { name: 'memory', color: '--ss-warn' },
      { name: 'disk', color: '--ss-dim', dashed: true },
    ],
  },
  {
    id: 'network',
    scale: BITS,
    lines: [
      { name: 'net_tx', color: '--ss-accent', filled: true },
      { name: 'net_rx', color: '--ss-warn' },
    ],
  },
  {
    id: 'audience',
    scale: COUNT,
    lines: [
      { name: 'viewers', color: '--ss-accent', filled: true },
      { name: 'streams', color: '--ss-warn' },
    ],
  },
  { id: 'outputs', scale: COUNT, lines: [{ name: 'outputs_live', color: '--ss-accent', filled: true }] },
  { id: 'callbacks', scale: RATE, lines: [{ name: 'callbacks_rate', color: '--ss-accent', filled: true }] },
  { id: 'latency', scale: TIME, lines: [{ name: 'callback_p95_ms', color: '--ss-accent', filled: true }] },
];

/** All moments of some lines, ascending, and each line's value at each of them. */
export function aligned(lines: DashboardLine[]): { times: number[]; values: (number | null)[][] } {
  const times = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].toSorted((a, b) => a - b);
  const values = lines.map(({ points }) => {
    const known = new Map(points);
    return times.map((at) => known.get(at) ?? null);
  });
  return { times, values };
}

/** Bits a second as `12.4 Mbit/s`. */
export function formatBps(bps: number): string {
  if (bps >= 1e9) return `${(bps / 1e9).toFixed(1)} Gbit/s`;
  if (bps >= 1e6) return `${(bps / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bps / 1000)} kbit/s`;
}

function round(value: number): string {
  return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}
