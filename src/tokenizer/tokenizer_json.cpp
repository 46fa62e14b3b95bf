// tokenizer.json of Hugging Face's tokenizers, as far as it describes BERT's pipeline or RoBERTa's. What is not known is an
// error, so that no text is ever tokenized almost as the file says.
#include "../formats/json.h"
#include "tokenizer_files.h"
#include "utf.h"

namespace squeezebert {
namespace {

Error invalid(Detail detail) { return {ErrorCode::TOKENIZER_INVALID, "tokenizer.json: " + join(detail)}; }
Error unsupported(Detail detail) { return {ErrorCode::TOKENIZER_UNSUPPORTED, "tokenizer.json: " + join(detail)}; }

std::string_view type_of(const json::Value* value) {
  const json::Value* type = value ? value->find("type") : nullptr;
  return type ? type->string().value_or("") : "";
}

bool bool_of(const json::Value& object, std::string_view name, bool absent) {
  const json::Value* value = object.find(name);
  return value ? value->boolean().value_or(absent) : absent;
}

bool is_absent(const json::Value* value) { return !value || value->is_null(); }

// "Ġ t", or ["Ġ", "t"].
Result<void> read_merge(const json::Value& value, MergeReader& merges) {
  if (const auto line = value.string()) return merges.add(*line);
  const std::vector<json::Value>& pair = value.items();
  if (pair.size() != 2 || !pair[0].string() || !pair[1].string()) return invalid({"a merge is not two tokens"});
  return merges.add(*pair[0].string(), *pair[1].string());
}

Result<void> read_byte_pairs(const json::Value& model, TokenizerSettings& settings) {
  // Other ways to cut words than byte-level BPE's.
  for (const std::string_view name : {"continuing_subword_prefix", "end_of_word_suffix", "dropout", "byte_fallback"}) {
    const json::Value* value = model.find(name);
    const bool plain = is_absent(value) || value->string() == "" || value->boolean() == false || value->number() == 0;
    if (!plain) return unsupported({"BPE with ", name});
  }
  const json::Value* list = model.find("merges");
  if (!list || !list->is_array()) return invalid({"the model has no merges"});
  MergeReader merges(settings, "tokenizer.json");
  for (const json::Value& value : list->items()) SQUEEZEBERT_TRY(read_merge(value, merges));
  const json::Value* unknown = model.find("unk_token");
  SQUEEZEBERT_TRY_ASSIGN(byte_pairs, merges.take(std::string(unknown ? unknown->string().value_or("") : ""),
                                                 bool_of(model, "fuse_unk", false)));
  settings.is_byte_level = true;
  settings.byte_pairs = std::move(byte_pairs);
  settings.ignore_merges = bool_of(model, "ignore_merges", false);
  return {};
}

Result<void> read_model(const json::Value* model, TokenizerSettings& settings) {
  if (is_absent(model)) return invalid({"there is no model"});
  const json::Value* vocab = model->find("vocab");
  // Old files do not name the model's type; only BPE has merges, only WordPiece this prefix without them.
  const std::string_view type = type_of(model);
  const bool is_byte_level = type == "BPE" || (type.empty() && model->find("merges"));
  if (!is_byte_level && type != "WordPiece" && !(type.empty() && model->find("continuing_subword_prefix")))
    return unsupported({"model '", type, "'"});
  if (!vocab || !vocab->is_object()) return invalid({"the model has no vocab"});
  SQUEEZEBERT_TRY(read_vocab(*vocab, "tokenizer.json", settings));
  if (is_byte_level) return read_byte_pairs(*model, settings);
  if (const json::Value* value = model->find("unk_token")) settings.word_piece.unknown = value->string().value_or("[UNK]");
  if (const json::Value* value = model->find("continuing_subword_prefix"))
    settings.word_piece.continuing_prefix = value->string().value_or("##");
  if (const json::Value* value = model->find("max_input_chars_per_word")) {
    const auto most = value->integer();
    if (!most || *most < 1 || *most > 100'000) return invalid({"max_input_chars_per_word"});
    settings.word_piece.max_word = static_cast<int32_t>(*most);
  }
  return {};
}

Result<void> read_normalizer(const json::Value* normalizer, TokenizerSettings& settings) {
  if (is_absent(normalizer)) {
    settings.normalize = false;
    return {};
  }
  if (settings.is_byte_level || type_of(normalizer) != "BertNormalizer")
    return unsupported({"normalizer '", type_of(normalizer), "'"});
  const json::Value* strip = normalizer->find("strip_accents");
  settings.normalizer = {bool_of(*normalizer, "clean_text", true), bool_of(*normalizer, "handle_chinese_chars", true),
                         strip ? strip->boolean() : std::nullopt, bool_of(*normalizer, "lowercase", true)};
  return {};
}

Result<std::vector<TemplatePiece>> read_pieces(const json::Value& template_, std::string_view name) {
  std::vector<TemplatePiece> pieces;
  const json::Value* list = template_.find(name);
  const json::Value* specials = template_.find("special_tokens");
  if (!list || !list->is_array()) return invalid({"the template lacks '", name, "'"});
  for (const json::Value& item : list->items()) {
    const json::Value* special = item.find("SpecialToken");
    const json::Value* body = special ? special : item.find("Sequence");
    const auto id = body && body->find("id") ? body->find("id")->string() : std::nullopt;
    const auto type_id = body && body->find("type_id") ? body->find("type_id")->integer() : std::optional<int64_t>(0);
    if (!id || !type_id || *type_id < 0 || *type_id > 1'000'000) return invalid({"a piece of the template"});
    TemplatePiece piece;
    piece.type_id = static_cast<int32_t>(*type_id);
    if (special) {
      const json::Value* entry = specials ? specials->find(*id) : nullptr;
      const json::Value* ids = entry ? entry->find("ids") : nullptr;
      if (!ids || ids->items().empty()) return invalid({"the template's special token '", *id, "' has no ids"});
      for (const json::Value& value : ids->items()) {
        const auto token = value.integer();
        if (!token || *token < 0 || *token > INT32_MAX) return invalid({"the template's special token '", *id, "'"});
        piece.ids.push_back(static_cast<int32_t>(*token));
      }
    } else if (*id == "A") {
      piece.kind = TemplatePiece::Kind::first_text;
    } else if (*id == "B") {
      piece.kind = TemplatePiece::Kind::second_text;
    } else {
      return invalid({"the template's sequence '", *id, "'"});
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

// ["[SEP]", 102]
std::optional<int32_t> id_of_pair(const json::Value* pair) {
  if (!pair || pair->items().size() != 2) return std::nullopt;
  const auto id = pair->items()[1].integer();
  return id && *id >= 0 && *id <= INT32_MAX ? std::optional(static_cast<int32_t>(*id)) : std::nullopt;
}

Result<void> read_post_processor(const json::Value* value, TokenizerSettings& settings) {
  if (is_absent(value)) return {};
  if (type_of(value) == "TemplateProcessing") {
    SQUEEZEBERT_TRY_ASSIGN(single, read_pieces(*value, "single"));
    SQUEEZEBERT_TRY_ASSIGN(pair, read_pieces(*value, "pair"));
    settings.post_processor = {std::move(single), std::move(pair)};
    return {};
  }
  const std::string_view type = type_of(value);
  if (settings.is_byte_level && type == "Sequence") {
    const json::Value* processors = value->find("processors");
    if (!processors) return invalid({"a sequence without processors"});
    for (const json::Value& processor : processors->items()) SQUEEZEBERT_TRY(read_post_processor(&processor, settings));
    return {};
  }
  const bool is_roberta = settings.is_byte_level && type == "RobertaProcessing";
  if (is_roberta || (settings.is_byte_level && type == "ByteLevel")) {
    settings.trim_offsets = bool_of(*value, "trim_offsets", true);
    settings.trim_prefix_space = bool_of(*value, "add_prefix_space", true);
    if (!is_roberta) return {};
  } else if (type != "BertProcessing") {
    return unsupported({"post_processor '", type, "'"});
  }
  const auto cls = id_of_pair(value->find("cls")), sep = id_of_pair(value->find("sep"));
  if (!cls || !sep) return invalid({type, " without cls or sep"});
  settings.post_processor = is_roberta ? roberta_template(*cls, *sep) : bert_template(*cls, *sep);
  return {};
}

}  // namespace

Result<void> read_tokenizer_json(FileSet& files, TokenizerSettings& settings) {
  SQUEEZEBERT_TRY_ASSIGN(source, files.open("tokenizer.json"));
  SQUEEZEBERT_TRY_ASSIGN(text, read_text(*source));
  SQUEEZEBERT_TRY_ASSIGN(root, json::parse(text));
  if (!root.is_object()) return invalid({"not an object"});
  SQUEEZEBERT_TRY(read_model(root.find("model"), settings));
  SQUEEZEBERT_TRY(read_normalizer(root.find("normalizer"), settings));
  const json::Value* pre_tokenizer = root.find("pre_tokenizer");
  if (type_of(pre_tokenizer) != (settings.is_byte_level ? "ByteLevel" : "BertPreTokenizer"))
    return unsupported({"pre_tokenizer '", type_of(pre_tokenizer), "'"});
  settings.add_prefix_space = bool_of(*pre_tokenizer, "add_prefix_space", true);
  settings.use_regex = bool_of(*pre_tokenizer, "use_regex", true);
  SQUEEZEBERT_TRY(read_post_processor(root.find("post_processor"), settings));
  if (const json::Value* decoder = root.find("decoder");
      settings.is_byte_level ? type_of(decoder) != "ByteLevel" : !is_absent(decoder) && type_of(decoder) != "WordPiece")
    return unsupported({"decoder '", type_of(decoder), "'"});
  if (const json::Value* added = root.find("added_tokens")) {
    for (const json::Value& value : added->items()) {
      SQUEEZEBERT_TRY_ASSIGN(token, read_added_token(value, std::nullopt, "tokenizer.json"));
      SQUEEZEBERT_TRY(set_token(settings, token.id, to_utf8(token.content)));
      settings.added.push_back(std::move(token));
    }
  }
  return {};
}

}  // namespace squeezebert
