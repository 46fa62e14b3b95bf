// The reference outputs of ../shared/golden, compared with what the package gives: in Node and in the browser.
import type * as Package from '../../js/api.ts';

interface Listed {
  dir: string;
  model_type: string;
  weights_file: string;
}

interface Case {
  name: string;
  input_ids: number[][] | number[][][];
  attention_mask: number[][] | number[][][] | null;
  token_type_ids: number[][] | number[][][] | null;
  expected: Record<string, { shape: number[]; data: number[] }>;
}

/** Python writes NaN, which JSON does not have, where the reference could not be run in float64. */
export const parseGolden = (text: string) => JSON.parse(text.replaceAll(':NaN', ':null'));

/** The directories of the models: SqueezeBERT, BERT, DistilBERT and RoBERTa, as safetensors and in both torch containers. */
export const modelDirectories = (index: { models: Listed[] }): string[] => index.models.map(({ dir }) => dir);

const classes = (package_: typeof Package, architecture: string): Package.ModelClass => {
  const suffixes: [string, Package.ModelClass][] = [
    ['ForSequenceClassification', package_.AutoModelForSequenceClassification],
    ['ForTokenClassification', package_.AutoModelForTokenClassification],
    ['ForQuestionAnswering', package_.AutoModelForQuestionAnswering],
    ['ForMaskedLM', package_.AutoModelForMaskedLM],
    ['ForMultipleChoice', package_.AutoModelForMultipleChoice],
  ];
  return suffixes.find(([suffix]) => architecture.endsWith(suffix))?.[1] ?? package_.AutoModel;
};

function largestDifference(got: ArrayLike<number>, expected: number[]): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < expected.length; ++i) {
    const want = expected[i] as number;
    const have = got[i] as number;
    // Masked scores are the lowest float32; there only equality counts.
    const difference =
      Math.abs(want) > 1e30 ? (Math.fround(want) === have ? 0 : Number.POSITIVE_INFINITY) : Math.abs(want - have);
    largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return largest;
}

export interface Difference {
  case: string;
  output: string;
  shape: readonly number[];
  expectedShape: number[];
  largest: number;
}

/** Every output of every case. */
export async function differences(
  package_: typeof Package,
  source: Package.ModelSource,
  golden: { architecture: string; cases: Case[] },
): Promise<Difference[]> {
  // A file without pooler and classifier is compared as the encoder that it is.
  const encoder = golden.cases.every(({ expected }) => Object.keys(expected).join() === 'last_hidden_state');
  const class_ = encoder ? package_.AutoModel : classes(package_, golden.architecture);
  const model = await class_.from_pretrained(source);
  const found: Difference[] = [];
  try {
    for (const { name, input_ids, attention_mask, token_type_ids, expected } of golden.cases) {
      const outputs = await model(
        {
          input_ids,
          ...(attention_mask ? { attention_mask } : {}),
          ...(token_type_ids ? { token_type_ids } : {}),
        },
        {
          output_hidden_states: 'hidden_states' in expected,
          output_attention_scores: 'attention_scores' in expected,
          output_last_hidden_state: true,
          output_pooler: true,
        },
      );
      for (const [output, { shape, data }] of Object.entries(expected)) {
        const tensor = outputs[output];
        found.push({
          case: name,
          output,
          shape: tensor?.dims ?? [],
          expectedShape: shape,
          largest: tensor ? largestDifference(tensor.data, data) : Number.POSITIVE_INFINITY,
        });
      }
    }
  } finally {
    await model.dispose();
  }
  return found;
}
