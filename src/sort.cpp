#include "sort.h"

namespace squeezebert {

void heap_sort(size_t count, void* things, bool (*less)(void* things, size_t a, size_t b),
               void (*swap)(void* things, size_t a, size_t b)) {
  // Until the element at `top` is not below either of its children.
  const auto sink = [&](size_t top, size_t end) {
    while (2 * top + 1 < end) {
      size_t child = 2 * top + 1;
      if (child + 1 < end && less(things, child, child + 1)) ++child;
      if (!less(things, top, child)) return;
      swap(things, top, child);
      top = child;
    }
  };
  for (size_t top = count / 2; top-- > 0;) sink(top, count);
  for (size_t end = count; end-- > 1;) {
    swap(things, 0, end);
    sink(0, end);
  }
}

}  // namespace squeezebert
