// Draws bench/results/<name>.json as SVG: `node bench/plots/draw.mjs [name]` (default: reference), into docs/bench-*.svg.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

const root = fileURLToPath(new URL('../..', import.meta.url));
const results = JSON.parse(readFileSync(join(root, 'bench/results', `${process.argv[2] ?? 'reference'}.json`), 'utf8'));

// Ours in one warm colour by type, theirs in greys: the legend is hardly needed.
const sides = {
  'ours fp32': '#f2b880',
  'ours q8': '#d9480f',
  'ours q4': '#8c2f0a',
  'onnxruntime-web fp32': '#adb5bd',
  'onnxruntime-web int8': '#495057',
};
const color = { domain: Object.keys(sides), range: Object.values(sides) };
const config = {
  font: 'system-ui, sans-serif',
  background: 'white',
  view: { stroke: null },
  axis: { grid: true, gridColor: '#eee', labelFontSize: 12, titleFontSize: 12 },
  legend: { title: null, labelLimit: 0, labelFontSize: 12, orient: 'bottom', columns: 3 },
  title: { fontSize: 14, anchor: 'start', offset: 12 },
};

async function draw(name, spec) {
  const view = new View(parse(compile({ ...spec, config, padding: 12 }).spec), { renderer: 'none' });
  const file = join(root, 'docs', `bench-${name}.svg`);
  writeFileSync(file, `${await view.toSVG()}\n`);
  console.log(file);
}

/** The faster of their layouts under one name. */
function passValues(rows) {
  return rows.flatMap(({ length, medians }) =>
    Object.keys(sides).flatMap((side) => {
      const [who, type] = side.split(' ');
      const times =
        who === 'ours'
          ? [medians[side]]
          : Object.entries(medians)
              .filter(([key]) => key.startsWith(`theirs ${type}`))
              .map(([, ms]) => ms);
      const ms = Math.min(...times.filter((time) => time !== undefined));
      return Number.isFinite(ms) ? [{ tokens: length, side, ms }] : [];
    }),
  );
}

for (const [threads, rows] of Object.entries(results.passes?.data ?? {}))
  await draw(`passes-${threads}`, {
    title: `Full-size SqueezeBERT, one text, ${threads} thread${threads === '1' ? '' : 's'}: ms (shorter is better)`,
    data: { values: passValues(rows) },
    // A scale for each length: what counts is the ratio.
    facet: { column: { field: 'tokens', type: 'ordinal', title: 'tokens', header: { labelFontSize: 12 } } },
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 90,
      height: 200,
      mark: { type: 'bar', cornerRadiusEnd: 2 },
      encoding: {
        x: { field: 'side', type: 'nominal', sort: color.domain, axis: null },
        y: { field: 'ms', type: 'quantitative', title: null },
        color: { field: 'side', type: 'nominal', scale: color },
      },
    },
  });

if (results.start?.data.distilbert) {
  const { ours, distilbert } = results.start.data;
  const values = [
    ['ours, the shipped model', ours],
    ['transformers.js, DistilBERT int8', distilbert],
  ].flatMap(([side, times]) => [
    { side, part: '1 code', ms: times['script of the page'] },
    { side, part: '2 engine and model', ms: times.loaded - times['script of the page'] },
    { side, part: '3 first answer', ms: times['first answer'] - times.loaded },
  ]);
  await draw('start', {
    title: 'From navigation to the first answer, nothing cached, local server: ms',
    width: 520,
    height: 90,
    data: { values },
    mark: { type: 'bar' },
    encoding: {
      y: { field: 'side', type: 'nominal', title: null, axis: { labelLimit: 240 } },
      x: { field: 'ms', type: 'quantitative', title: 'ms' },
      color: { field: 'part', type: 'nominal', scale: { range: ['#ffd8a8', '#fd7e14', '#d9480f'] } },
      order: { field: 'part' },
    },
  });
}
