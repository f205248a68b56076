import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { timeTicks } from '../lib/time-ticks';
import classes from './time-series.module.css';

export interface Series {
  name: string;
  /** Name of a custom property that holds the colour. */
  color: string;
  /** As many as there are times; null leaves a gap. */
  values: (number | null)[];
  /** The area below is tinted. */
  filled?: boolean;
  dashed?: boolean;
}

/** What a value is: without one, a whole number that counts something. */
export interface Scale {
  format: (value: number) => string;
  /** The axis goes up to here, whatever the values are. */
  top?: number;
  /** Smallest distance of two lines of the grid; 1 where there are no halves. */
  step?: number;
}

interface TimeSeriesProps {
  /** What the graph shows, for people who cannot see it. */
  label: string;
  /** ms since the epoch, ascending. */
  times: number[];
  series: Series[];
  /** What to say of the moment under the pointer. */
  describe: (at: number) => string;
  /** Must be the same object while it is the same. */
  scale?: Scale;
  height?: number;
  /** Graphs with the same word here point at the same moment. */
  together?: string;
}

const COUNTS: Scale = { format: String, step: 1 };
const STEPS = [0.1, 0.2, 0.5, ...[1, 10, 100, 1000, 10_000, 1e5, 1e6, 1e7, 1e8, 1e9].flatMap((ten) => [ten, 2 * ten, 5 * ten])];

/** Numbers over time, from zero. Imports uPlot: load this component on demand. */
export function TimeSeries({ label, times, series, describe, scale = COUNTS, height = 240, together }: TimeSeriesProps) {
  const { i18n } = useTranslation();
  const scheme = useComputedColorScheme('dark');
  const holder = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const data: uPlot.AlignedData = [times.map((ms) => ms / 1000), ...series.map(({ values }) => values)];
  const chart = useRef<uPlot | null>(null);
  const newest = useRef(data);
  // What a chart is made of; new values alone are put into the one that is there.
  const looks = JSON.stringify(series.map(({ name, color, filled, dashed }) => ({ name, color, filled, dashed })));

  useEffect(() => {
    newest.current = data;
    chart.current?.setData(data);
  });

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const parts = JSON.parse(looks) as Omit<Series, 'values'>[];
    const made = new uPlot(optionsFor({ parts, element, language: i18n.language, scale, height, together }, setPointed), newest.current, element);
    chart.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      chart.current = null;
    };
    // A canvas knows no custom properties: other colours need another chart.
  }, [looks, i18n.language, scheme, scale, height, together]);

  return (
    <div className={classes.frame}>
      <div ref={holder} className={classes.canvas} role="img" aria-label={label} style={{ height }} />
      <div className={classes.legend} aria-hidden="true">
        {series.map(({ name, color, dashed }) => (
          <span key={name}>
            <i style={{ borderColor: `var(${color})` }} data-dashed={dashed || undefined} />
            {name}
          </span>
        ))}
        <span className={classes.readout}>{pointed !== null && pointed < times.length ? describe(pointed) : ''}</span>
      </div>
    </div>
  );
}

interface Made {
  parts: Omit<Series, 'values'>[];
  element: HTMLElement;
  language: string;
  scale: Scale;
  height: number;
  together: string | undefined;
}

function optionsFor({ parts, element, language, scale, height, together }: Made, onPoint: (at: number | null) => void): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: color('--ss-dim'), font: `12px ${style.fontFamily}`, ticks: { show: false } };
  const grid = { stroke: color('--ss-line'), width: 1 };
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    width: element.clientWidth,
    height,
    padding: [10, 6, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 }, ...(together && { sync: { key: together } }) },
    scales: { y: { range: (_chart, _low, high) => [0, scale.top ?? (scale.step === 1 ? Math.max(2, Math.ceil(high * 1.1)) : Math.max(1, high * 1.1))] } },
    axes: [
      { ...axis, grid: { show: false }, size: 30, space: 76, values: (_chart, ticks) => timeTicks(ticks, language) },
      // Half a viewer does not exist.
      { ...axis, grid, size: (_chart, labels) => 16 + 7 * Math.max(4, ...(labels ?? []).map(({ length }) => length)), incrs: STEPS.filter((step) => step >= (scale.step ?? 0)), values: (_chart, ticks) => ticks.map(scale.format) },
    ],
    series: [
      {},
      ...parts.map(
        (part): uPlot.Series => ({
          label: part.name,
          stroke: color(part.color),
          width: part.filled ? 2 : 1,
          ...(part.filled && { fill: `color-mix(in srgb, ${color(part.color)} 16%, transparent)` }),
          ...(part.dashed && { dash: [4, 4] }),
          ...(stepped && { paths: stepped }),
          points: { show: false },
        }),
      ),
    ],
    hooks: { setCursor: [(chart) => onPoint(chart.cursor.idx ?? null)] },
  };
}
