// What the engine says of a batch of texts: two arrays for all of them, since views and objects for every text would take
// longer to make than its tokens.

/** `rows`: three numbers a row. `values`: eight numbers a token, field by field, each field row by row. */
export interface EncodedBatch {
  rows: Int32Array;
  values: Int32Array;
}

/** Places of the fields in `values`; `offsets` takes two. */
export const fields = {
  ids: 0,
  typeIds: 1,
  attentionMask: 2,
  specialTokensMask: 3,
  wordIds: 4,
  sequenceIds: 5,
  offsets: 6,
} as const;

export type Field = Exclude<keyof typeof fields, 'offsets'>;

export class Encodings {
  /** Tokens of all rows. */
  private readonly total: number;
  /** Of each row, in every field. */
  private readonly starts: number[] = [];

  constructor(private readonly batch: EncodedBatch) {
    this.total = batch.values.length / 8;
    for (let row = 0, start = 0; row < this.count; start += this.length(row++)) this.starts.push(start);
  }

  get count(): number {
    return this.batch.rows.length / 3;
  }

  /** Which text the row comes from; one text can have several. */
  sample(row: number): number {
    return this.batch.rows[3 * row] as number;
  }

  /** In tokens. */
  length(row: number): number {
    return this.batch.rows[3 * row + 1] as number;
  }

  truncated(row: number): boolean {
    return this.batch.rows[3 * row + 2] !== 0;
  }

  /** Something of every row. */
  map<Value>(made: (row: number) => Value): Value[] {
    return Array.from({ length: this.count }, (_, row) => made(row));
  }

  list(field: Field, row: number): number[] {
    return this.part(fields[field] * this.total + (this.starts[row] as number), this.length(row));
  }

  offsets(row: number): [number, number][] {
    const flat = this.part(fields.offsets * this.total + 2 * (this.starts[row] as number), 2 * this.length(row));
    return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] as number, flat[2 * i + 1] as number]);
  }

  /** Of all rows, one after the other: a tensor where they have one length. */
  all(field: Field): Int32Array {
    return this.batch.values.subarray(fields[field] * this.total, (fields[field] + 1) * this.total);
  }

  /** Several times as fast as Array.from on a view. */
  private part(from: number, length: number): number[] {
    const out: number[] = [];
    for (let i = from; i < from + length; ++i) out.push(this.batch.values[i] as number);
    return out;
  }
}
