// The tokenizer against what Hugging Face's tokenizers gave: every case, every field.
#include <gtest/gtest.h>

#include "formats/folder.h"
#include "shared.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf.h"

namespace squeezebert {
namespace {

using Json = nlohmann::json;

// The golden vocabulary under the name that a model folder has.
std::unique_ptr<Tokenizer> load(const char* source, const char* name, const char* config = nullptr) {
  MemoryFiles files;
  auto opened = open_file(shared_folder() / "golden/tokenizer" / source);
  EXPECT_TRUE(opened.ok());
  files.add(name, std::string_view(*read_text(**opened)));
  if (config) files.add("tokenizer_config.json", config);
  auto tokenizer = Tokenizer::load(files);
  EXPECT_TRUE(tokenizer.ok()) << (tokenizer ? "" : tokenizer.error().message());
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

// JSON cannot hold lone surrogates as UTF-8; the golden texts have none.
std::u16string utf16(const Json& text) { return *to_utf16(text.get<std::string>()); }

std::vector<int32_t> numbers(const Json& list) {
  std::vector<int32_t> out;
  for (const Json& value : list) out.push_back(value.is_null() ? -1 : value.get<int32_t>());
  return out;
}

void compare(const Tokenizer& tokenizer, const Encoding& ours, const Json& golden) {
  EXPECT_EQ(ours.field(&Token::id), numbers(golden.at("ids")));
  EXPECT_EQ(ours.field(&Token::type_id), numbers(golden.at("type_ids")));
  EXPECT_EQ(ours.field(&Token::attention_mask), numbers(golden.at("attention_mask")));
  EXPECT_EQ(ours.field(&Token::special_tokens_mask), numbers(golden.at("special_tokens_mask")));
  EXPECT_EQ(ours.field(&Token::word_id), numbers(golden.at("word_ids")));
  if (golden.contains("sequence_ids")) EXPECT_EQ(ours.field(&Token::sequence_id), numbers(golden.at("sequence_ids")));
  std::vector<Offset> offsets, our_offsets;
  for (const Json& pair : golden.at("offsets_utf16")) offsets.push_back({pair[0], pair[1]});
  for (const Token& token : ours.tokens) our_offsets.push_back(token.offset);
  EXPECT_TRUE(our_offsets == offsets);
  std::vector<std::string> tokens;
  for (const int32_t id : ours.field(&Token::id)) tokens.push_back(to_utf8(tokenizer.id_to_token(id)));
  EXPECT_EQ(tokens, golden.at("tokens").get<std::vector<std::string>>());
}

void run_cases(const Tokenizer& tokenizer) {
  const Json golden = read_json(shared_folder() / "golden/tokenizer/cases.json");
  int checked = 0, windows = 0;
  for (const Json& item : golden.at("cases")) {
    SCOPED_TRACE("case " + item.at("id").dump() + " (" + item.at("category").get<std::string>() + ")");
    const std::u16string text = utf16(item.at("text"));
    std::u16string pair;
    TextInput input{text, std::nullopt};
    if (item.contains("pair") && !item.at("pair").is_null()) {
      pair = utf16(item.at("pair"));
      input.pair = pair;
    }
    EncodeOptions options;
    options.add_special_tokens = item.value("add_special_tokens", true);
    if (item.contains("truncation") && !item.at("truncation").is_null()) {
      const Json& wanted = item.at("truncation");
      Truncation truncation;
      truncation.max_length = wanted.at("max_length");
      truncation.stride = wanted.at("stride");
      const std::string strategy = wanted.at("strategy");
      truncation.strategy = strategy == "only_first"    ? TruncationStrategy::only_first
                            : strategy == "only_second" ? TruncationStrategy::only_second
                                                        : TruncationStrategy::longest_first;
      truncation.direction = wanted.at("direction") == "left" ? Direction::left : Direction::right;
      options.truncation = truncation;
    }
    if (item.contains("padding") && !item.at("padding").is_null()) {
      Padding padding;
      padding.length = item.at("padding").at("length");
      options.padding = padding;
    }
    const auto encoding = tokenizer.encode(input, options);
    ASSERT_TRUE(encoding.ok()) << encoding.error().message();
    compare(tokenizer, *encoding, item);
    if (item.contains("overflowing")) {
      const Json& others = item.at("overflowing");
      ASSERT_EQ(encoding->overflowing.size(), others.size());
      for (size_t i = 0; i < others.size(); ++i) {
        compare(tokenizer, encoding->overflowing[i], others[i]);
        ++windows;
      }
    }
    if (item.contains("decoded")) EXPECT_EQ(to_utf8(tokenizer.decode(encoding->field(&Token::id))), item.at("decoded").get<std::string>());
    if (item.contains("normalized")) EXPECT_EQ(to_utf8(tokenizer.normalize(text)), item.at("normalized").get<std::string>());
    ++checked;
  }
  EXPECT_EQ(checked, 584);
  EXPECT_GT(windows, 20);

  for (const Json& batch : golden.at("batches")) {
    SCOPED_TRACE("batch with padding " + batch.at("padding").dump());
    std::vector<std::u16string> texts;
    for (const Json& text : batch.at("texts")) texts.push_back(utf16(text));
    const std::vector<TextInput> inputs = [&texts] {
      std::vector<TextInput> out;
      for (const std::u16string& text : texts) out.push_back({text, std::nullopt});
      return out;
    }();
    EncodeOptions options;
    Padding padding;
    const Json& wanted = batch.at("padding");
    padding.multiple_of = wanted.at("multiple_of").is_null() ? 0 : wanted.at("multiple_of").get<int32_t>();
    padding.direction = wanted.at("direction") == "left" ? Direction::left : Direction::right;
    options.padding = padding;
    const auto encodings = tokenizer.encode_batch(inputs, options);
    ASSERT_TRUE(encodings.ok());
    ASSERT_EQ(encodings->size(), batch.at("encodings").size());
    for (size_t i = 0; i < encodings->size(); ++i) compare(tokenizer, (*encodings)[i], batch.at("encodings")[i]);
  }
}

TEST(TokenizerGolden, CasesFromVocabTxt) {
  SQUEEZEBERT_NEEDS_SHARED("golden/tokenizer");
  const auto tokenizer = load("bert-base-uncased-vocab.txt", "vocab.txt");
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->vocab_size(), 30522);
  run_cases(*tokenizer);
}

TEST(TokenizerGolden, CasesFromTokenizerJson) {
  SQUEEZEBERT_NEEDS_SHARED("golden/tokenizer");
  const auto tokenizer = load("tokenizer.json", "tokenizer.json");
  ASSERT_TRUE(tokenizer);
  run_cases(*tokenizer);
}

// Every code point between two letters, through the normaliser; and through the pre-tokenizer's questions.
TEST(TokenizerGolden, NormalizerOverAllCodePoints) {
  SQUEEZEBERT_NEEDS_SHARED("golden/tokenizer");
  const auto tokenizer = load("bert-base-uncased-vocab.txt", "vocab.txt");
  ASSERT_TRUE(tokenizer);
  const Json golden = read_json(shared_folder() / "golden/tokenizer/normalizer-unicode.json");
  std::map<char32_t, std::u16string> expected;
  std::vector<bool> white(0x110000), punctuation(0x110000);
  const auto each = [](const Json& ranges, auto&& visit) {
    for (const Json& range : ranges)
      for (char32_t c = range[0].get<uint32_t>(); c <= range[1].get<uint32_t>(); ++c) visit(c);
  };
  const auto text_of = [](char32_t code) {
    std::u16string text;
    append_utf16(text, code);
    return text;
  };
  each(golden.at("cjk_spaced"), [&](char32_t c) { expected[c] = u" " + text_of(c) + u" "; });
  for (const Json& entry : golden.at("mapped")) expected[entry[0].get<uint32_t>()] = utf16(entry[1]);
  each(golden.at("removed"), [&](char32_t c) { expected[c] = u""; });
  each(golden.at("to_space"), [&](char32_t c) { expected[c] = u" "; });
  each(golden.at("split_whitespace"), [&](char32_t c) { white[c] = true; });
  each(golden.at("split_punctuation"), [&](char32_t c) { punctuation[c] = true; });
  int wrong = 0;
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xd800 && code < 0xe000) continue;
    std::u16string want;
    if (code >= 0xac00 && code <= 0xd7a3) {
      want = text_of(0x1100 + (code - 0xac00) / 588) + text_of(0x1161 + (code - 0xac00) % 588 / 28);
      if ((code - 0xac00) % 28 != 0) want += text_of(0x11a7 + (code - 0xac00) % 28);
    } else {
      const auto at = expected.find(code);
      want = at == expected.end() ? text_of(code) : at->second;
    }
    const std::u16string got = tokenizer->normalize(u"a" + text_of(code) + u"b");
    if (got != u"a" + want + u"b" && ++wrong < 20)
      ADD_FAILURE() << std::hex << "U+" << uint32_t{code} << ": " << to_utf8(got) << ", not " << to_utf8(want);
    if (unicode::is_white_space(code) != white[code] && ++wrong < 20) ADD_FAILURE() << std::hex << "white U+" << uint32_t{code};
    if (unicode::is_punctuation(code) != punctuation[code] && ++wrong < 20)
      ADD_FAILURE() << std::hex << "punctuation U+" << uint32_t{code};
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace squeezebert
