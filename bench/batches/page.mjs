// Calls with several texts, by turns.
import { byTurns, median } from '/bench/stage/numbers.mjs';
import { pipeline } from '/dist/index.js';

export default async ({ texts, sizes, models, seconds, workers }) => {
  const load = (options) => pipeline('text-classification', '/data/hub/ours/', { dtype: 'q8', ...options });
  const sides = { ours: await load({}) };
  if (workers > 1) sides[`ours, ${workers} workers`] = await load({ workers });
  if (models.length > 0) {
    const { classifier } = await import('/bench/stage/transformers.mjs');
    for (const model of models) sides[model] = await classifier(model);
  }
  const results = [];
  for (const size of sizes) {
    const part = (round) => Array.from({ length: size }, (_, i) => texts[(round * size + i) % texts.length]);
    const turns = Object.fromEntries(
      Object.entries(sides).map(([name, classify]) => [name, (round) => classify(part(round))]),
    );
    const times = await byTurns(turns, { seconds, warmUp: 1, least: 2, pause: workers > 1 ? 20 : 0 });
    const rates = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, (1000 * size) / median(list)]));
    results.push({ size, rounds: times.ours.length, rates });
  }
  return results;
};
