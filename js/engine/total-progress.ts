// One number over all files of a load.
import type { Progress } from '../operations.ts';

/** ms between two reports. */
const reportEvery = 100;

export class TotalProgress {
  private readonly files = new Map<string, { loaded: number; total: number | undefined }>();
  private readonly started = performance.now();
  private reported = 0;
  private highest = 0;

  constructor(
    private readonly name: string,
    /** Whether the large file is still to come: without its size there is no total. */
    private waits: boolean,
    private readonly report: (progress: Progress) => void,
  ) {}

  /** What is known of a file before it comes, or of one that has come. */
  set(file: string, loaded: number, total: number | undefined): void {
    this.files.set(file, { loaded, total });
    if (isWeights(file)) this.waits = false;
    if (performance.now() - this.reported >= reportEvery) this.send();
  }

  /** The last report, where anything was fetched. */
  end(): void {
    if (this.files.size > 0) this.send();
  }

  private send(): void {
    const all = [...this.files.values()];
    if (this.waits || all.some(({ total }) => total === undefined)) return;
    const sum = (key: 'loaded' | 'total') => all.reduce((bytes, file) => bytes + (file[key] as number), 0);
    const loaded = sum('loaded');
    const total = sum('total');
    this.reported = performance.now();
    // A late file makes the total larger; what has been shown does not go back.
    this.highest = Math.max(this.highest, total > 0 ? Math.min(100, (100 * loaded) / total) : 0);
    this.report({
      status: 'progress_total',
      name: this.name,
      progress: this.highest,
      loaded,
      total,
      speed: (1000 * loaded) / Math.max(this.reported - this.started, 1),
    });
  }
}

export const isWeights = (file: string) => /\.(safetensors|bin)$/.test(file);
