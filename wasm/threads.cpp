#include "threads.h"

#if SQUEEZEBERT_THREADS

#include <cstdint>
#include <cstdlib>

#include "parallel/parallel.h"

namespace {

// Kernels keep tiles and short lines on the stack; the deepest take less than 8 kB.
constexpr uint32_t kStackBytes = 64 << 10;

}  // namespace

extern "C" {

void squeezebert_help(int failed) {
  if (failed) squeezebert::helper_failed();
  else squeezebert::help();
}

// An instance begins with the stack pointer of the first one: nothing may run before it has its own.
void squeezebert_helper(int stack, int failed);
asm(R"(
.globaltype __stack_pointer, i32
.functype squeezebert_help (i32) -> ()
.globl squeezebert_helper
.type squeezebert_helper,@function
squeezebert_helper:
  .functype squeezebert_helper (i32, i32) -> ()
  local.get 0
  global.set __stack_pointer
  local.get 1
  call squeezebert_help
  end_function
)");
}

int add_helper_stack() {
  void* stack = std::aligned_alloc(16, kStackBytes);
  if (!stack) return 0;
  if (!squeezebert::add_helper()) {
    std::free(stack);
    return 0;
  }
  return static_cast<int>(reinterpret_cast<uintptr_t>(stack) + kStackBytes);
}

int helper_function() { return static_cast<int>(reinterpret_cast<uintptr_t>(&squeezebert_helper)); }

#else

int add_helper_stack() { return 0; }
int helper_function() { return 0; }

#endif
