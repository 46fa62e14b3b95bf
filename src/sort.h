// Sorting in few bytes: std::sort is 2 kB of WebAssembly for every type and order, this a quarter of it, and takes half as
// long again. For lists of names and labels, not for hot loops.
#pragma once

#include <algorithm>

namespace squeezebert {

// As std::sort: n log n steps at most, equal elements in any order.
template <class Iterator, class Less>
void heap_sort(Iterator first, Iterator last, Less less) {
  std::make_heap(first, last, less);
  std::sort_heap(first, last, less);
}

}  // namespace squeezebert
