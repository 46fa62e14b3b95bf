// What disk.ts is where there is no disk.
import type * as Disk from './disk.ts';

export const pathSource: typeof Disk.pathSource = () => null;

export const diskStore: typeof Disk.diskStore = () => {
  throw new Error('no disk');
};
