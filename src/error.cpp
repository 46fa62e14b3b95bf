#include "error.h"

#include <iterator>

namespace squeezebert {
namespace {

constexpr std::string_view kNames[] = {
#define SQUEEZEBERT_ERROR(code, sentence) #code,
#include "error_codes.def"
#undef SQUEEZEBERT_ERROR
};

// A table of its own: WebAssembly, whose sentences are TypeScript's, goes without.
constexpr std::string_view kSentences[] = {
#define SQUEEZEBERT_ERROR(code, sentence) sentence,
#include "error_codes.def"
#undef SQUEEZEBERT_ERROR
};

}  // namespace

std::string_view error_name(ErrorCode code) { return kNames[static_cast<size_t>(code)]; }

std::string_view error_sentence(ErrorCode code) { return kSentences[static_cast<size_t>(code)]; }

std::string join(Detail pieces) {
  std::string text;
  for (const Piece& piece : pieces) {
    if (piece.text_) {
      text.append(piece.text_, piece.size_);
      continue;
    }
    char digits[21];
    char* at = std::end(digits);
    uint64_t rest = piece.size_ ? -piece.number_ : piece.number_;
    do *--at = static_cast<char>('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (piece.size_) *--at = '-';
    text.append(at, std::end(digits));
  }
  return text;
}

struct Error::State {
  ErrorCode code;
  std::string detail;
};

Error::Error(ErrorCode code, Detail detail) : Error(code, join(detail)) {}
Error::Error(ErrorCode code, std::string detail) : state_(new State{code, std::move(detail)}) {}
void Error::release() { delete state_; }
ErrorCode Error::code() const { return state_->code; }
const std::string& Error::detail() const { return state_->detail; }

std::string Error::message() const {
  return join({error_name(code()), ": ", error_sentence(code()), detail().empty() ? "" : " (", detail(), detail().empty() ? "" : ")"});
}

}  // namespace squeezebert
