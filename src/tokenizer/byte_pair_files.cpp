// vocab.json with merges.txt, and the merges of a tokenizer.json.
#include <algorithm>

#include "tokenizer_files.h"
#include "utf.h"
#include "vocabulary.h"

namespace squeezebert {
namespace {

Error invalid(Detail detail) { return {ErrorCode::TOKENIZER_INVALID, detail}; }

}  // namespace

MergeReader::MergeReader(const TokenizerSettings& settings, std::string_view file) : file_(file) {
  for (size_t id = 0; id < settings.tokens.size(); ++id)
    if (const std::string& token = settings.tokens[id]; !token.empty()) ids_.set(token, static_cast<int32_t>(id));
}

Result<void> MergeReader::add(std::string_view left, std::string_view right) {
  // As many as JSON may have values. The files that people have: 50,000.
  constexpr size_t most = 2'000'000;
  if (merges_.size() == most) return invalid({file_, ": too many merges"});
  std::string both(left);
  both += right;
  const Merge merge = {ids_.find(left), ids_.find(right), ids_.find(both)};
  if (merge.left < 0 || merge.right < 0 || merge.id < 0)
    return invalid({file_, ": the merge of '", left, "' and '", right, "' has a token that is not in the vocabulary"});
  merges_.push_back(merge);
  return {};
}

Result<void> MergeReader::add(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos)
    return invalid({file_, ": '", line.substr(0, 100), "' is not a merge of two tokens"});
  return add(line.substr(0, space), line.substr(space + 1));
}

Result<BytePairs> MergeReader::take(const std::string& unknown, bool fuse_unknown) {
  const int32_t unknown_id = unknown.empty() ? -1 : ids_.find(unknown);
  if (!unknown.empty() && unknown_id < 0) return invalid({file_, ": the vocabulary lacks its unknown token '", unknown, "'"});
  std::vector<int32_t> byte_ids;
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter;
    append_utf8(letter, letter_of_byte(static_cast<uint8_t>(byte)));
    byte_ids.push_back(ids_.find(letter));
  }
  return BytePairs(std::move(byte_ids), merges_, unknown_id, fuse_unknown);
}

Result<void> read_byte_pairs(FileSet& files, const TokenizerConfig& config, TokenizerSettings& settings) {
  SQUEEZEBERT_TRY_ASSIGN(vocab, json_of(files, "vocab.json"));
  SQUEEZEBERT_TRY(read_vocab(vocab, "vocab.json", settings));
  SQUEEZEBERT_TRY_ASSIGN(text, text_of(files, "merges.txt"));
  MergeReader merges(settings, "merges.txt");
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = next_line(rest);
    if (!line.empty() && !line.starts_with("#version")) SQUEEZEBERT_TRY(merges.add(line));
  }
  SQUEEZEBERT_TRY_ASSIGN(byte_pairs, merges.take({}, false));
  settings.is_byte_level = true;
  settings.byte_pairs = std::move(byte_pairs);
  settings.add_prefix_space = settings.trim_prefix_space = config.add_prefix_space.value_or(false);
  settings.trim_offsets = true;
  for (const std::string* token : {&config.cls, &config.pad, &config.sep, &config.unk, &config.bos, &config.eos, &config.mask}) {
    SQUEEZEBERT_TRY(add_special(settings, *token));
    // RoBERTa's mask takes the space before it: "a <mask>" is "a" and "<mask>".
    if (token == &config.mask && !settings.added.empty() && to_utf8(settings.added.back().content) == *token)
      settings.added.back().lstrip = config.mask_lstrip.value_or(true);
  }
  const int32_t cls = find_id(settings, config.cls), sep = find_id(settings, config.sep);
  if (cls < 0 || sep < 0) return invalid({"vocab.json lacks '", (cls < 0 ? config.cls : config.sep), "'"});
  settings.post_processor = roberta_template(cls, sep);
  return {};
}

}  // namespace squeezebert
