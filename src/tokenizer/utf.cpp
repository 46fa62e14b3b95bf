#include "utf.h"

namespace squeezebert {

std::optional<std::u16string> to_utf16(std::string_view text) {
  std::u16string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    int more = 0;
    char32_t code = lead, least = 0;
    if (lead < 0x80) {
      more = 0;
    } else if (lead >= 0xc2 && lead < 0xe0) {
      more = 1, code = lead & 0x1f, least = 0x80;
    } else if (lead >= 0xe0 && lead < 0xf0) {
      more = 2, code = lead & 0x0f, least = 0x800;
    } else if (lead >= 0xf0 && lead < 0xf5) {
      more = 3, code = lead & 0x07, least = 0x10000;
    } else {
      return std::nullopt;
    }
    if (text.size() - i <= static_cast<size_t>(more)) return std::nullopt;
    for (int k = 1; k <= more; ++k) {
      const auto byte = static_cast<uint8_t>(text[i + k]);
      if ((byte & 0xc0) != 0x80) return std::nullopt;
      code = (code << 6) | (byte & 0x3f);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return std::nullopt;
    append_utf16(out, code);
    i += static_cast<size_t>(more) + 1;
  }
  return out;
}

std::string to_utf8(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Utf16Point point = utf16_point(text, i);
    append_utf8(out, point.code);
    i += point.units;
  }
  return out;
}

}  // namespace squeezebert
