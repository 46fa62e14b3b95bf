// Node's own modules, without an import that bundlers for browsers would try to follow.
type Modules = {
  'node:fs': typeof import('node:fs');
  'node:os': typeof import('node:os');
  'node:url': typeof import('node:url');
};

export const isNode = (): boolean =>
  typeof process !== 'undefined' && Boolean(process.versions?.node) && typeof process.getBuiltinModule === 'function';

export const nodeModule = <Name extends keyof Modules>(name: Name): Modules[Name] =>
  process.getBuiltinModule(name) as Modules[Name];
