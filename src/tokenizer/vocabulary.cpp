#include "vocabulary.h"

#include <bit>
#include <cstring>

namespace squeezebert {
namespace {

// FNV's low bits are its weakest.
uint32_t spread(uint32_t hash) { return hash ^ (hash >> 15); }

}  // namespace

TextTable::TextTable(size_t expected) : slots_(std::bit_ceil(expected * 2 + 8)) {}

TextTable::Slot& TextTable::slot(std::string_view key, uint32_t hash) {
  const size_t mask = slots_.size() - 1;
  for (size_t at = spread(hash) & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.value < 0) return slot;
    if (slot.hash == hash && slot.length == key.size() && std::memcmp(slot.key, key.data(), key.size()) == 0) return slot;
  }
}

void TextTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& entry : old)
    if (entry.value >= 0) slot({entry.key, entry.length}, entry.hash) = entry;
}

void TextTable::set(std::string_view key, int32_t value) {
  if ((size_ + 1) * 2 > slots_.size()) grow();
  Hash hash;
  hash.add(key);
  Slot& entry = slot(key, hash.value);
  if (entry.value < 0) ++size_;
  entry = {key.data(), static_cast<uint32_t>(key.size()), hash.value, value};
}

int32_t TextTable::find(std::string_view key, uint32_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = spread(hash) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.value < 0) return -1;
    if (slot.hash == hash && slot.length == key.size() && std::memcmp(slot.key, key.data(), key.size()) == 0) return slot.value;
  }
}

int32_t TextTable::find(std::string_view key) const {
  Hash hash;
  hash.add(key);
  return find(key, hash.value);
}

}  // namespace squeezebert
