// Sorting in few bytes: std::sort is 2 kB of WebAssembly for every type and order. For lists of names and labels, not for
// hot loops.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace squeezebert {

// Sorts `count` things that only the two functions know, by their places.
void heap_sort(size_t count, void* things, bool (*less)(void* things, size_t a, size_t b),
               void (*swap)(void* things, size_t a, size_t b));

// As std::sort: n log n steps at most, equal elements in any order. `Iterator` is a random-access one.
template <class Iterator, class Less>
void heap_sort(Iterator first, Iterator last, Less less) {
  struct Things {
    Iterator first;
    Less less;
  } things{first, less};
  using Place = typename std::iterator_traits<Iterator>::difference_type;
  heap_sort(
      static_cast<size_t>(last - first), &things,
      [](void* all, size_t a, size_t b) -> bool {
        const Things& t = *static_cast<Things*>(all);
        return t.less(t.first[static_cast<Place>(a)], t.first[static_cast<Place>(b)]);
      },
      [](void* all, size_t a, size_t b) {
        const Things& t = *static_cast<Things*>(all);
        std::iter_swap(t.first + static_cast<Place>(a), t.first + static_cast<Place>(b));
      });
}

}  // namespace squeezebert
