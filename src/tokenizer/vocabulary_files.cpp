// vocab.txt, a token a line, and the configuration files beside it.
#include <algorithm>

#include "../formats/json.h"
#include "tokenizer_files.h"
#include "utf.h"

namespace squeezebert {
namespace {

Error invalid(Detail detail) { return {ErrorCode::TOKENIZER_INVALID, detail}; }

void read_bool(const json::Value& object, std::string_view name, bool& target) {
  if (const json::Value* value = object.find(name)) target = value->boolean().value_or(target);
}

// "[CLS]", or {"content": "[CLS]", ...}.
void read_token(const json::Value& object, std::string_view name, std::string& target) {
  const json::Value* value = object.find(name);
  if (value && value->is_object()) value = value->find("content");
  if (value && value->string()) target = *value->string();
}

void read_tokens(const json::Value& object, TokenizerConfig& config) {
  read_token(object, "unk_token", config.unk);
  read_token(object, "sep_token", config.sep);
  read_token(object, "pad_token", config.pad);
  read_token(object, "cls_token", config.cls);
  read_token(object, "mask_token", config.mask);
  read_token(object, "bos_token", config.bos);
  read_token(object, "eos_token", config.eos);
  if (const json::Value* mask = object.find("mask_token"); mask && mask->find("lstrip"))
    config.mask_lstrip = mask->find("lstrip")->boolean();
}

// Far beyond every vocabulary; an id in a broken file must not decide how much memory is taken.
constexpr int64_t kMostTokens = 1'000'000;
// The same for the tokens that are looked for one by one.
constexpr size_t kMostAdded = 10'000;

}  // namespace

Result<std::string> text_of(FileSet& files, std::string_view name) {
  SQUEEZEBERT_TRY_ASSIGN(source, files.open(name));
  return read_text(*source);
}

Result<json::Value> json_of(FileSet& files, std::string_view name) {
  SQUEEZEBERT_TRY_ASSIGN(text, text_of(files, name));
  SQUEEZEBERT_TRY_ASSIGN(value, json::parse(text));
  if (!value.is_object()) return invalid({name, " is not an object"});
  return value;
}

std::string_view next_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

int32_t find_id(const TokenizerSettings& settings, const std::string& token) {
  if (token.empty()) return -1;
  // A dozen searches through all pieces, in code that the browser has not optimised yet: sizes first.
  const auto at = std::find_if(settings.tokens.rbegin(), settings.tokens.rend(), [&token](const std::string& other) {
    return other.size() == token.size() && other == token;
  });
  return static_cast<int32_t>(settings.tokens.rend() - at) - 1;
}

Result<void> read_vocab(const json::Value& vocab, std::string_view file, TokenizerSettings& settings) {
  const std::vector<json::Member>& members = vocab.members();
  if (members.size() > static_cast<size_t>(kMostTokens)) return invalid({file, ": too many tokens"});
  TextTable seen(members.size());
  for (const json::Member& member : members) {
    const auto id = member.value.integer();
    if (!id) return invalid({file, ": the token '", member.name, "' has no id"});
    if (seen.find(member.name) >= 0) return invalid({file, ": the token '", member.name, "' occurs twice"});
    seen.set(member.name, 0);
    SQUEEZEBERT_TRY(set_token(settings, *id, member.name));
  }
  return {};
}

Result<void> add_special(TokenizerSettings& settings, const std::string& token) {
  const int32_t id = find_id(settings, token);
  if (id < 0) return {};
  const auto content = to_utf16(token);
  if (!content) return invalid({"the special token '", token, "' is not UTF-8"});
  const auto known = std::find_if(settings.added.begin(), settings.added.end(),
                                  [id](const AddedToken& entry) { return entry.id == id; });
  if (known != settings.added.end()) return {};
  AddedToken added;
  added.id = id;
  added.content = *content;
  added.special = true;
  settings.added.push_back(std::move(added));
  return {};
}

Result<AddedToken> read_added_token(const json::Value& value, std::optional<int64_t> known_id, std::string_view file) {
  const json::Value* content = value.find("content");
  const std::optional<int64_t> id = known_id ? known_id : value.find("id") ? value.find("id")->integer() : std::nullopt;
  if (!content || !content->string() || !id || *id < 0 || *id > INT32_MAX)
    return invalid({file, ": an added token without text or id"});
  AddedToken token;
  token.id = static_cast<int32_t>(*id);
  const auto text = to_utf16(*content->string());
  if (!text) return invalid({file, ": an added token is not UTF-8"});
  token.content = *text;
  read_bool(value, "special", token.special);
  token.normalized = !token.special;
  read_bool(value, "single_word", token.single_word);
  read_bool(value, "lstrip", token.lstrip);
  read_bool(value, "rstrip", token.rstrip);
  read_bool(value, "normalized", token.normalized);
  return token;
}

Result<void> read_tokenizer_config(FileSet& files, TokenizerConfig& config) {
  if (files.has("special_tokens_map.json")) {
    SQUEEZEBERT_TRY_ASSIGN(map, json_of(files, "special_tokens_map.json"));
    read_tokens(map, config);
  }
  if (files.has("added_tokens.json")) {
    SQUEEZEBERT_TRY_ASSIGN(map, json_of(files, "added_tokens.json"));
    for (const json::Member& member : map.members()) {
      const auto id = member.value.integer();
      const auto text = to_utf16(member.name);
      if (!id || *id < 0 || *id > INT32_MAX || !text) return invalid({"added_tokens.json: '", member.name, "' has no id"});
      AddedToken token;
      token.id = static_cast<int32_t>(*id);
      token.content = *text;
      token.normalized = true;
      config.added.push_back(std::move(token));
    }
  }
  if (!files.has("tokenizer_config.json")) return {};
  SQUEEZEBERT_TRY_ASSIGN(object, json_of(files, "tokenizer_config.json"));
  read_tokens(object, config);
  read_bool(object, "do_lower_case", config.do_lower_case);
  read_bool(object, "tokenize_chinese_chars", config.tokenize_chinese_chars);
  if (const json::Value* value = object.find("strip_accents")) config.strip_accents = value->boolean();
  if (const json::Value* value = object.find("add_prefix_space")) config.add_prefix_space = value->boolean();
  read_bool(object, "clean_up_tokenization_spaces", config.clean_up);
  // Where the length was never said, the file has the number 1e30.
  if (const json::Value* value = object.find("model_max_length"))
    if (const auto length = value->number(); length && *length >= 1)
      config.model_max_length = *length < INT32_MAX ? static_cast<int32_t>(*length) : INT32_MAX;
  if (const json::Value* decoder = object.find("added_tokens_decoder")) {
    for (const json::Member& member : decoder->members()) {
      int64_t id = 0;
      for (const char c : member.name) {
        if (c < '0' || c > '9' || id > INT32_MAX) return invalid({"tokenizer_config.json: added token '", member.name, "'"});
        id = id * 10 + (c - '0');
      }
      SQUEEZEBERT_TRY_ASSIGN(token, read_added_token(member.value, id, "tokenizer_config.json"));
      config.added.push_back(std::move(token));
    }
  }
  return {};
}

Result<void> set_token(TokenizerSettings& settings, int64_t id, std::string token) {
  if (id < 0 || id >= kMostTokens) return invalid({"the token '", token, "' has the id ", id});
  if (settings.tokens.size() <= static_cast<size_t>(id)) settings.tokens.resize(static_cast<size_t>(id) + 1);
  std::string& place = settings.tokens[static_cast<size_t>(id)];
  if (!place.empty() && place != token)
    return invalid({"the id ", id, " stands for '", place, "' and for '", token, "'"});
  place = std::move(token);
  return {};
}

Result<void> read_vocabulary(FileSet& files, const TokenizerConfig& config, TokenizerSettings& settings) {
  SQUEEZEBERT_TRY_ASSIGN(text, text_of(files, "vocab.txt"));
  if (!to_utf16(text)) return invalid({"vocab.txt is not UTF-8"});
  std::string_view rest = text;
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
  for (int64_t id = 0; !rest.empty(); ++id) {
    SQUEEZEBERT_TRY(set_token(settings, id, std::string(next_line(rest))));
  }
  settings.normalizer = {true, config.tokenize_chinese_chars, config.strip_accents, config.do_lower_case};
  settings.word_piece.unknown = config.unk;
  for (const std::string* token : {&config.unk, &config.sep, &config.pad, &config.cls, &config.mask})
    SQUEEZEBERT_TRY(add_special(settings, *token));
  const int32_t cls = find_id(settings, config.cls), sep = find_id(settings, config.sep);
  if (cls < 0 || sep < 0) return invalid({"vocab.txt lacks '", (cls < 0 ? config.cls : config.sep), "'"});
  settings.post_processor = bert_template(cls, sep);
  return {};
}

void complete(TokenizerConfig& config, bool is_byte_level) {
  const auto fill = [is_byte_level](std::string& token, const char* word_piece, const char* byte_level) {
    if (token.empty()) token = is_byte_level ? byte_level : word_piece;
  };
  fill(config.unk, "[UNK]", "<unk>");
  fill(config.sep, "[SEP]", "</s>");
  fill(config.pad, "[PAD]", "<pad>");
  fill(config.cls, "[CLS]", "<s>");
  fill(config.mask, "[MASK]", "<mask>");
}

Result<void> apply(const TokenizerConfig& config, TokenizerSettings& settings) {
  settings.model_max_length = config.model_max_length;
  settings.clean_up = config.clean_up;
  if (settings.added.size() + config.added.size() > kMostAdded) return invalid({"too many added tokens"});
  for (const AddedToken& token : config.added) {
    SQUEEZEBERT_TRY(set_token(settings, token.id, to_utf8(token.content)));
    const auto known = std::find_if(settings.added.begin(), settings.added.end(),
                                    [&token](const AddedToken& entry) { return entry.content == token.content; });
    if (known == settings.added.end()) settings.added.push_back(token);
  }
  const auto id_of = [&settings](const std::string& token) { return find_id(settings, token); };
  settings.special_ids = {id_of(config.pad), id_of(config.unk), id_of(config.cls), id_of(config.sep), id_of(config.mask)};
  return {};
}

}  // namespace squeezebert
