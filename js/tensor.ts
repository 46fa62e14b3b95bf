import { invalid } from './errors.ts';

export type TensorData = Float32Array | Int32Array | BigInt64Array;
export type TensorType = 'float32' | 'int32' | 'int64';

/** Numbers with a shape, the last dimension running fastest. */
export class Tensor<Data extends TensorData = TensorData> {
  readonly dims: readonly number[];
  readonly type: TensorType;
  readonly data: Data;

  /** Errors: INVALID_ARGUMENT where the shape has another number of elements than the data. */
  constructor(data: Data, dims: readonly number[]) {
    const size = dims.reduce((product, dim) => product * dim, 1);
    if (size !== data.length) throw invalid(`a tensor of shape [${dims}] with ${data.length} elements`);
    this.dims = dims;
    this.data = data;
    this.type = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'int64';
  }

  get size(): number {
    return this.data.length;
  }

  /** Nested arrays of numbers. */
  tolist(): NestedNumbers {
    const build = (depth: number, from: number): NestedNumbers => {
      if (depth === this.dims.length) return Number(this.data[from]);
      const step = this.dims.slice(depth + 1).reduce((product, dim) => product * dim, 1);
      return Array.from({ length: this.dims[depth] as number }, (_, index) => build(depth + 1, from + index * step));
    };
    return build(0, 0);
  }
}

export type NestedNumbers = number | NestedNumbers[];

/** What the models take as a tensor: one of ours, anything with dims and data, or nested arrays. */
export type TensorLike =
  | Tensor
  | { dims: readonly number[]; data: Int32Array | BigInt64Array | Float32Array | readonly (number | bigint)[] }
  | readonly unknown[];

export interface Integers {
  dims: number[];
  data: Int32Array<ArrayBuffer>;
}

/** Whole numbers of 32 bits. Errors: INVALID_ARGUMENT for other values, ragged arrays. */
export function toIntegers(value: TensorLike, name: string): Integers {
  if (value === null || typeof value !== 'object') throw invalid(`'${name}' is neither a tensor nor an array`);
  let dims: number[] = [];
  const flat: (number | bigint)[] = [];
  if ('dims' in value) {
    dims = [...value.dims];
    for (const item of value.data) flat.push(item);
  } else {
    const visit = (items: readonly unknown[], depth: number) => {
      if (dims[depth] === undefined) dims[depth] = items.length;
      if (dims[depth] !== items.length) throw invalid(`'${name}' has rows of different length`);
      for (const item of items) {
        if (Array.isArray(item)) visit(item, depth + 1);
        else if (depth + 1 === dims.length && (typeof item === 'number' || typeof item === 'bigint')) flat.push(item);
        else throw invalid(`'${name}' is not an array of numbers`);
      }
    };
    visit(value as readonly unknown[], 0);
  }
  if (dims.reduce((product, dim) => product * dim, 1) !== flat.length)
    throw invalid(`'${name}' has the shape [${dims}] but ${flat.length} elements`);
  const data = new Int32Array(flat.length);
  for (const [index, item] of flat.entries()) {
    const number = Number(item);
    if (!Number.isInteger(number) || number !== (number | 0)) throw invalid(`'${name}' has the value ${item}`);
    data[index] = number;
  }
  return { dims, data };
}

export function int64(values: ArrayLike<number>, dims: readonly number[]): Tensor<BigInt64Array> {
  const data = new BigInt64Array(values.length);
  // Halves, the lower one first: ten times as fast as making a BigInt of each.
  const halves = new Int32Array(data.buffer);
  for (let i = 0; i < values.length; ++i) {
    halves[2 * i] = values[i] as number;
    halves[2 * i + 1] = (values[i] as number) >> 31;
  }
  return new Tensor(data, dims);
}
