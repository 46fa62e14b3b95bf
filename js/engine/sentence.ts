// What a folder of sentence-transformers says: modules.json, and the settings of its pooling.
import { SqueezeBertError } from '../errors.ts';
import type { SentenceSettings } from '../operations.ts';
import { type EngineFiles, readJson, sentenceFiles } from './files.ts';

/**
 * Undefined where there is no modules.json.
 * Errors: JSON_SYNTAX; CONFIG_INVALID for other modules than a pooled and perhaps normalised transformer, other poolings.
 */
export function sentenceSettings(files: EngineFiles): SentenceSettings | undefined {
  if (!files.has('modules.json')) return undefined;
  const [modules, poolings, limits] = ['modules.json', ...sentenceFiles].map((name) =>
    Object.entries((files.has(name) && readJson(files, name)) || {}),
  ) as [[string, { type?: string }][], [string, unknown][], [string, unknown][]];
  // 'sentence_transformers.models.Pooling', and 'sentence_transformers.models.pooling.Pooling' in later versions
  const kinds = modules.map(([, module]) => /\w*$/.exec(module?.type ?? '')?.[0]).join();
  const pooling = poolings
    .filter(([name, value]) => name.startsWith('pooling_mode_') && value === true)
    .map(([name]) => name.replace(/pooling_mode_|_tokens?$/g, ''))
    .join();
  const [, maxLength] = limits.find(([name, value]) => name === 'max_seq_length' && value !== null) ?? [];
  if (
    !/^Transformer,Pooling(,Normalize)?$/.test(kinds) ||
    !/^(cls|mean|max|mean_sqrt_len)$/.test(pooling) ||
    (maxLength !== undefined && !((maxLength as number) >= 1))
  )
    throw new SqueezeBertError(
      'CONFIG_INVALID',
      `modules.json: ${kinds}; pooling ${pooling}; max_seq_length ${maxLength}`,
    );
  return { pooling, normalize: kinds.endsWith('e'), maxLength } as SentenceSettings;
}
