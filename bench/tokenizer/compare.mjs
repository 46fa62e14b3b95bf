// Texts to ids: ours in a call for all texts; theirs text by text, as it is made to be used.
import { byTurns, median } from '../stage/numbers.mjs';

/** MB a second of both tokenizers for each list of `texts` ({ name: [text] }), and whether their ids are the same. */
export async function compare(ours, theirs, texts, seconds) {
  const results = [];
  for (const [name, list] of Object.entries(texts)) {
    const bytes = new TextEncoder().encode(list.join('')).length;
    const plain = await ours(list, { padding: false, return_tensor: false });
    const same = list.every((text, i) => theirs.encode(text).ids.join() === Array.from(plain.input_ids[i]).join());
    const sides = {
      ours: async () => (await ours(list, { padding: false, return_tensor: false })).input_ids,
      theirs: () => list.map((text) => theirs.encode(text).ids),
    };
    const times = await byTurns(sides, { seconds });
    const rate = (side) => bytes / median(times[side]) / 1e3;
    results.push({ name, texts: list.length, bytes, same, ours: rate('ours'), theirs: rate('theirs') });
  }
  return results;
}
