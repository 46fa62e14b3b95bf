// The rooms of the bench, in the order in which they run.
export const names = ['kernels', 'passes', 'pipeline', 'start', 'memory', 'tokenizer', 'batches'];

/** { title, run(bench), report(data), faults?(data), engines? } of a section. */
export const load = (name) => import(`./${name}/section.mjs`);
