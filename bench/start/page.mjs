// One visit, in a browser that has never been here: ms since the navigation began.
const now = () => performance.now();

export default async ({ side, text }) => {
  const script = performance.now();
  const { pipeline } = side === 'ours' ? await import('/dist/index.js') : {};
  const { classifier } = side === 'ours' ? {} : await import('/bench/stage/transformers.mjs');
  const javascript = now();
  const classify = side === 'ours' ? await pipeline('sentiment-analysis') : await classifier(side);
  const loaded = now();
  const [answer] = await classify(text);
  const first = now();
  await classify(text);
  return { origin: performance.timeOrigin, script, javascript, loaded, first, second: now() - first, answer };
};
