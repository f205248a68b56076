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

interface TimeSeriesProps {
  /** What the graph shows, for people who cannot see it. */
  label: string;
  /** ms since the epoch, ascending. */
  times: number[];
  series: Series[];
  /** What to say of the moment under the pointer. */
  describe: (at: number) => string;
}

const HEIGHT = 240;

/** Whole numbers over time, from zero. Imports uPlot: load this component on demand. */
export function TimeSeries({ label, times, series, describe }: TimeSeriesProps) {
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
    const made = new uPlot(optionsFor(parts, element, i18n.language, setPointed), newest.current, element);
    chart.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      chart.current = null;
    };
    // A canvas knows no custom properties: other colours need another chart.
  }, [looks, i18n.language, scheme]);

  return (
    <div className={classes.frame}>
      <div ref={holder} className={classes.canvas} role="img" aria-label={label} style={{ height: HEIGHT }} />
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

function optionsFor(
  parts: Omit<Series, 'values'>[],
  element: HTMLElement,
  language: string,
  onPoint: (at: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: color('--ss-dim'), font: `12px ${style.fontFamily}`, ticks: { show: false } };
  const grid = { stroke: color('--ss-line'), width: 1 };
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [10, 6, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { y: { range: (_chart, _low, high) => [0, Math.max(2, Math.ceil(high * 1.1))] } },
    axes: [
      { ...axis, grid: { show: false }, size: 30, space: 76, values: (_chart, ticks) => timeTicks(ticks, language) },
      // Half a viewer does not exist.
      { ...axis, grid, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] },
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
