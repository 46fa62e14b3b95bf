// The entry of libFuzzer: the target SQUEEZEBERT_FUZZ_TARGET.
#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  squeezebert::fuzz::SQUEEZEBERT_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
