// js/engine instantiates the module itself. What Emscripten's glue has for looking the .wasm file up, fetching and compiling it
// is never reached; nor are overloaded functions and UTF-32. Pages need not download all that, a quarter of the glue.

/** From `start` to just before `end` goes. Errors: where they are not there once. */
function cut(text, start, end) {
  const from = text.indexOf(start);
  const to = text.indexOf(end, from + start.length);
  if (from < 0 || to < 0 || text.indexOf(start, from + 1) >= 0) throw new Error(`it has no "${start}" ... "${end}"`);
  return text.slice(0, from) + text.slice(to);
}

function trim(text) {
  for (const [start, end] of [
    ['var _scriptName =', 'return ('],
    ['var ENVIRONMENT_IS_WEB=', 'var TextDecoder='],
    ['var moduleOverrides=', 'var out='],
    ['Object.assign(Module,moduleOverrides)', 'var wasmMemory'],
    ['var dataURIPrefix=', 'function getWasmImports'],
    ['function receiveInstantiationResult', 'if(Module["instantiateWasm"])'],
    ['wasmBinaryFile??=', 'return{}}var callRuntimeCallbacks'],
    // No function has two forms, no text is UTF-32.
    ['var ensureOverloadTable=', 'var exposePublicSymbol='],
    ['if(Module.hasOwnProperty(name)){if(undefined===numArguments', '{Module[name]=value;if(undefined!==numArguments'],
    ['var UTF32ToString=', 'var __embind_register_std_wstring='],
    ['else if(charSize===4)', 'registerType(rawType,{name,fromWireType:value=>{var length'],
  ])
    text = cut(text, start, end);
  // Nobody outside reads the views of the memory.
  text = text.replaceAll(/Module\["HEAP\w+"\]=/g, '');
  const rest =
    /\b(_scriptName|ENVIRONMENT_IS_\w+|readAsync|readBinary|locateFile|wasmBinary|moduleOverrides|ensureOverloadTable|\w*UTF32\w*)\b/.exec(
      text,
    );
  if (rest) throw new Error(`it still needs ${rest[0]}`);
  return text;
}

/** The glue without what is never reached; of an Emscripten that writes another glue, the whole. */
export function trimGlue(text) {
  try {
    return trim(text);
  } catch ({ message }) {
    console.warn(`tools/trim-glue.mjs: the glue is left as it is, for ${message}`);
    return text;
  }
}
