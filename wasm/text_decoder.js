// Browsers decode no text that lies in shared memory, so the glue decodes a copy.
// biome-ignore lint/correctness/noUnusedVariables: the glue is put behind it
var TextDecoder = class extends globalThis.TextDecoder {
  decode(bytes) {
    return super.decode(bytes.slice());
  }
};
