// One safetensors file out of two of the same model: `main`, but the tensors that `from` says as they are in `other`.
const longestFirst: Record<string, number> = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2 };

interface Tensor {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

function read(file: Uint8Array) {
  const length = Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true));
  const { __metadata__: metadata, ...tensors } = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as {
    __metadata__: Record<string, string>;
  } & Record<string, Tensor>;
  const bytes = ({ data_offsets: [begin, end] }: Tensor) => file.subarray(8 + length + begin, 8 + length + end);
  return { metadata, tensors: Object.entries(tensors).map(([name, t]) => ({ ...t, name, bytes: bytes(t) })) };
}

/** Both files as this package writes them. Parts of the new file, one after the other. */
export function* combined(main: Uint8Array, other: Uint8Array, from: (name: string) => boolean): Generator<Uint8Array> {
  const { metadata, tensors } = read(main);
  const all = [...tensors.filter((t) => !from(t.name)), ...read(other).tensors.filter((t) => from(t.name))];
  // so that numbers of several bytes lie at multiples of their size
  all.sort((a, b) => (longestFirst[b.dtype] ?? 1) - (longestFirst[a.dtype] ?? 1));
  let end = 0;
  const entries = all.map(({ name, dtype, shape, bytes }) => {
    const begin = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const header = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  const padded = new Uint8Array(8 + Math.ceil(header.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(header, 8);
  yield padded;
  for (const { bytes } of all) yield bytes;
}
