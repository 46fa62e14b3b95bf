// What the engine says of a batch of texts: two arrays for all of them, since views and objects for every text would take
// longer to make than its tokens.

/** `rows`: three numbers a row. `values`: eight numbers a token, row by row. */
export interface EncodedBatch {
  rows: Int32Array;
  values: Int32Array;
}

/** Places of the fields among a token's numbers; `offsets` takes two. */
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
  /** Where each row begins in `values`. */
  private readonly starts: number[] = [];

  constructor(private readonly batch: EncodedBatch) {
    for (let row = 0, start = 0; row < this.count; start += 8 * this.length(row++)) this.starts.push(start);
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
    return this.column(fields[field], this.starts[row] as number, this.length(row));
  }

  offsets(row: number): [number, number][] {
    const [start, length] = [this.starts[row] as number, this.length(row)];
    const ends = this.column(fields.offsets + 1, start, length);
    return this.column(fields.offsets, start, length).map((from, i) => [from, ends[i] as number]);
  }

  /** Of all rows, one after the other: a tensor where they have one length. */
  all(field: Field): number[] {
    return this.column(fields[field], 0, this.batch.values.length / 8);
  }

  /** Several times as fast as Array.from on a view. */
  private column(place: number, start: number, tokens: number): number[] {
    const { values } = this.batch;
    const out: number[] = [];
    for (let i = start + place; tokens-- > 0; i += 8) out.push(values[i] as number);
    return out;
  }
}
