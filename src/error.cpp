#include "error.h"

namespace squeezebert {
namespace {

struct Entry {
  std::string_view name;
  std::string_view sentence;
};

constexpr Entry kEntries[] = {
#define SQUEEZEBERT_ERROR(code, sentence) {#code, sentence},
#include "error_codes.def"
#undef SQUEEZEBERT_ERROR
};

}  // namespace

std::string_view error_name(ErrorCode code) { return kEntries[static_cast<size_t>(code)].name; }

std::string_view error_sentence(ErrorCode code) { return kEntries[static_cast<size_t>(code)].sentence; }

std::string Error::message() const {
  std::string text(error_name(code));
  text += ": ";
  text += error_sentence(code);
  if (!detail.empty()) {
    text += " (";
    text += detail;
    text += ")";
  }
  return text;
}

}  // namespace squeezebert
