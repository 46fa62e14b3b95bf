// Byte-level BPE: the pattern that splits words, merges, offsets, and what its files may not say.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <sstream>

#include "formats/folder.h"
#include "shared.h"
#include "tokenizer/byte_pair_tokenizer.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf.h"

namespace squeezebert {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<int32_t>;

std::string read(const std::string& name) {
  auto file = open_file(std::filesystem::path(SQUEEZEBERT_SOURCE_DIR) / "tests/fixtures/byte-level-bpe" / name);
  EXPECT_TRUE(file.ok());
  return file ? *read_text(**file) : "";
}

MemoryFiles fixture() {
  MemoryFiles files;
  files.add("vocab.json", std::string_view(read("vocab.json")));
  files.add("merges.txt", std::string_view(read("merges.txt")));
  return files;
}

std::unique_ptr<Tokenizer> load(FileSet& files) {
  auto tokenizer = Tokenizer::load(files);
  EXPECT_TRUE(tokenizer.ok()) << (tokenizer ? "" : tokenizer.error().message());
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

// A tokenizer.json over a few letters; the 256 bytes are not all there.
Json small_json() {
  return Json::parse(R"({
    "added_tokens": [{"id": 0, "content": "<s>", "special": true}, {"id": 1, "content": "</s>", "special": true}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
    "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0]},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "vocab": {"<s>": 0, "</s>": 1, "a": 2, "b": 3, "c": 4, "ab": 5, "bc": 6, "abc": 7, "?": 8},
              "merges": ["b c", "a b", "a bc"]}
  })");
}

Result<std::unique_ptr<Tokenizer>> load_json(const Json& json) {
  MemoryFiles files;
  files.add("tokenizer.json", std::string_view(json.dump()));
  return Tokenizer::load(files);
}

EncodeOptions without_specials() {
  EncodeOptions options;
  options.add_special_tokens = false;
  return options;
}

Ids ids_of(const Tokenizer& tokenizer, std::u16string_view text) {
  auto encoding = tokenizer.encode({text, std::nullopt}, without_specials());
  EXPECT_TRUE(encoding.ok());
  return encoding ? encoding->field(&Token::id) : Ids();
}

std::vector<std::u16string> words(std::u16string_view text) {
  std::vector<std::u16string> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = word_end(text, at);
    out.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

TEST(BytePairWords, AreThoseOfTheGpt2Pattern) {
  using Words = std::vector<std::u16string>;
  EXPECT_EQ(words(u"Hello world"), (Words{u"Hello", u" world"}));
  EXPECT_EQ(words(u"it's we'll 'S '"), (Words{u"it", u"'s", u" we", u"'ll", u" '", u"S", u" '"}));
  EXPECT_EQ(words(u"a  b"), (Words{u"a", u" ", u" b"}));
  EXPECT_EQ(words(u"a \n b \n"), (Words{u"a", u" \n", u" b", u" \n"}));
  EXPECT_EQ(words(u"a\nb"), (Words{u"a", u"\n", u"b"}));
  EXPECT_EQ(words(u"  "), (Words{u"  "}));
  EXPECT_EQ(words(u"x12.5%!"), (Words{u"x", u"12", u".", u"5", u"%!"}));
  EXPECT_EQ(words(u"a\u3000b"), (Words{u"a", u"\u3000", u"b"}));
  EXPECT_EQ(words(u"日本 ٣Ⅷ"), (Words{u"日本", u" ٣Ⅷ"}));
  EXPECT_EQ(words(u"\xd800 \xdc00x"), (Words{u"\xd800", u" \xdc00", u"x"}));
}

TEST(BytePairWords, LettersAndNumbersAndSpacesShareNoCodePoint) {
  int letters = 0, numbers = 0;
  for (char32_t code = 0; code < 0x110000; ++code) {
    const int kinds = unicode::is_letter(code) + unicode::is_number(code) + unicode::is_white_space(code);
    ASSERT_LE(kinds, 1) << std::hex << uint32_t{code};
    letters += unicode::is_letter(code);
    numbers += unicode::is_number(code);
  }
  // As counted in the reference (Unicode 16).
  EXPECT_EQ(letters, 141028);
  EXPECT_EQ(numbers, 1911);
}

TEST(BytePairs, EveryByteHasALetterOfItsOwn) {
  std::set<char32_t> letters;
  for (int byte = 0; byte < 256; ++byte) {
    const char32_t letter = letter_of_byte(static_cast<uint8_t>(byte));
    EXPECT_EQ(byte_of_letter(letter), byte);
    letters.insert(letter);
  }
  EXPECT_EQ(letters.size(), 256u);
  int known = 0;
  for (char32_t letter = 0; letter < 0x110000; ++letter) known += byte_of_letter(letter) >= 0;
  EXPECT_EQ(known, 256);
  EXPECT_EQ(letter_of_byte(' '), U'Ġ');
}

TEST(BytePairs, MergeInTheOrderOfLearning) {
  auto tokenizer = load_json(small_json());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  EXPECT_EQ(ids_of(**tokenizer, u"abc"), (Ids{7}));
  EXPECT_EQ(ids_of(**tokenizer, u"ab"), (Ids{5}));
  EXPECT_EQ(ids_of(**tokenizer, u"aabcb"), (Ids{2, 7, 3}));
  EXPECT_EQ(ids_of(**tokenizer, u""), (Ids{}));
}

TEST(BytePairs, AByteWithoutTokenVanishesOrIsUnknown) {
  Json json = small_json();
  auto tokenizer = load_json(json);
  ASSERT_TRUE(tokenizer.ok());
  // What is left are neighbours.
  EXPECT_EQ(ids_of(**tokenizer, u"azzbzc"), (Ids{7}));
  json["model"]["unk_token"] = "?";
  tokenizer = load_json(json);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ(ids_of(**tokenizer, u"azzb"), (Ids{2, 8, 8, 3}));
  json["model"]["fuse_unk"] = true;
  tokenizer = load_json(json);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ(ids_of(**tokenizer, u"azzb"), (Ids{2, 8, 3}));
}

// The reference's heap, but the plain way: of all pairs the one learnt first, and of these the leftmost, again and again.
TEST(BytePairs, EqualThePlainWay) {
  MemoryFiles files = fixture();
  const auto tokenizer = load(files);
  ASSERT_TRUE(tokenizer);
  std::map<std::pair<std::string, std::string>, int> ranks;
  std::istringstream lines(read("merges.txt"));
  std::string line;
  for (int rank = 0; std::getline(lines, line);)
    if (!line.starts_with("#")) ranks[{line.substr(0, line.find(' ')), line.substr(line.find(' ') + 1)}] = rank++;
  uint32_t state = 1;
  const auto below = [&state](uint32_t n) { return (state = state * 1664525u + 1013904223u) / 65536 % n; };
  const std::u16string letters = u"etaoinshrdlu th in er é東日本ик";
  for (int round = 0; round < 300; ++round) {
    std::u16string text;
    for (uint32_t n = 1 + below(40); n > 0; --n) text += letters[below(static_cast<uint32_t>(letters.size()))];
    Ids expected;
    for (const std::u16string& word : words(text)) {
      std::vector<std::string> tokens;
      for (const char byte : to_utf8(word)) {
        tokens.emplace_back();
        append_utf8(tokens.back(), letter_of_byte(static_cast<uint8_t>(byte)));
      }
      for (;;) {
        int best = INT32_MAX;
        size_t at = 0;
        for (size_t i = 0; i + 1 < tokens.size(); ++i)
          if (const auto found = ranks.find({tokens[i], tokens[i + 1]}); found != ranks.end() && found->second < best)
            best = found->second, at = i;
        if (best == INT32_MAX) break;
        tokens[at] += tokens[at + 1];
        tokens.erase(tokens.begin() + static_cast<ptrdiff_t>(at) + 1);
      }
      for (const std::string& token : tokens) expected.push_back(*tokenizer->token_to_id(*to_utf16(token)));
    }
    EXPECT_EQ(ids_of(*tokenizer, text), expected) << to_utf8(text);
  }
}

TEST(BytePairs, AWordOfAMillionLettersIsNotQuadratic) {
  MemoryFiles files = fixture();
  const auto tokenizer = load(files);
  ASSERT_TRUE(tokenizer);
  std::u16string text;
  while (text.size() < 1'000'000) text += u"thereinthestringer";
  const auto begin = std::chrono::steady_clock::now();
  const Ids ids = ids_of(*tokenizer, text);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_GT(ids.size(), 100'000u);
  // Half a second under sanitizers; the plain way takes hours.
  EXPECT_LT(seconds.count(), 60);
  EXPECT_EQ(tokenizer->decode(ids), text);
}

TEST(BytePairTokenizer, RobertaPairs) {
  MemoryFiles files = fixture();
  const auto tokenizer = load(files);
  ASSERT_TRUE(tokenizer);
  const auto ids = tokenizer->special_ids();
  EXPECT_EQ(tokenizer->special_tokens_to_add(false), 2);
  EXPECT_EQ(tokenizer->special_tokens_to_add(true), 4);
  auto encoding = tokenizer->encode({u"the", u"file"});
  ASSERT_TRUE(encoding.ok());
  ASSERT_GE(encoding->size(), 6u);
  EXPECT_EQ(encoding->tokens.front().id, ids.cls);
  EXPECT_EQ(encoding->tokens.back().id, ids.sep);
  EXPECT_EQ(std::ranges::count(encoding->tokens, ids.sep, &Token::id), 3);
  EXPECT_EQ(std::ranges::count(encoding->tokens, 0, &Token::type_id), static_cast<int>(encoding->size()));
  auto plain = tokenizer->encode({u"the", u"file"}, without_specials());
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->size() + 4, encoding->size());
  EXPECT_EQ(std::ranges::count(plain->tokens, 0, &Token::type_id), static_cast<int>(plain->size()));
}

TEST(BytePairTokenizer, OffsetsAreOfTheTextWithoutSpaces) {
  MemoryFiles files = fixture();
  files.add("tokenizer_config.json", R"({"add_prefix_space": true})");
  const auto tokenizer = load(files);
  ASSERT_TRUE(tokenizer);
  const std::u16string text = u"the 👍 <mask> file";
  auto encoding = tokenizer->encode({text, std::nullopt}, without_specials());
  ASSERT_TRUE(encoding.ok());
  EXPECT_EQ(encoding->tokens.front().offset, (Offset{0, 3}));
  EXPECT_EQ(encoding->tokens.back().offset.end, static_cast<int32_t>(text.size()));
  const auto mask = std::ranges::find(encoding->tokens, tokenizer->special_ids().mask, &Token::id);
  ASSERT_NE(mask, encoding->tokens.end());
  // It takes the space before it, and gives it back.
  EXPECT_EQ(mask->offset, (Offset{7, 13}));
  EXPECT_EQ(tokenizer->decode(encoding->field(&Token::id)), u" the 👍 file");
  EXPECT_EQ(tokenizer->decode(encoding->field(&Token::id), false), u" the 👍<mask> file");
}

TEST(BytePairTokenizer, HalfACharacterDecodesToAReplacement) {
  MemoryFiles files = fixture();
  const auto tokenizer = load(files);
  ASSERT_TRUE(tokenizer);
  const auto token = [&](uint8_t byte) {
    std::u16string letter;
    append_utf16(letter, letter_of_byte(byte));
    return *tokenizer->token_to_id(letter);
  };
  EXPECT_EQ(tokenizer->decode(Ids{token(0xf0), token(0x9f), token('a')}), u"\ufffda");
  EXPECT_EQ(tokenizer->decode(Ids{token(0x80), token(0xed), token(0xa0)}), u"\ufffd\ufffd\ufffd");
  EXPECT_EQ(tokenizer->decode(Ids{token(0xc3), token(0xa9)}), u"é");
  EXPECT_EQ(tokenizer->decode(Ids{-1, INT32_MAX, token('a')}), u"a");
}

TEST(BytePairTokenizer, CleansUpOnlyWhereItsConfigurationSaysSo) {
  MemoryFiles files = fixture();
  auto tokenizer = load(files);
  const Ids ids = ids_of(*tokenizer, u"do not , no .");
  EXPECT_EQ(tokenizer->decode(ids), u"do not , no .");
  files.add("tokenizer_config.json", R"({"clean_up_tokenization_spaces": true})");
  tokenizer = load(files);
  EXPECT_EQ(tokenizer->decode(ids), u"do not, no.");
  EXPECT_EQ(tokenizer->decode(ids, true, false), u"do not , no .");
}

TEST(BytePairTokenizer, WindowsOverlapAndLoneSurrogatesAreReplacements) {
  MemoryFiles files = fixture();
  const auto tokenizer = load(files);
  ASSERT_TRUE(tokenizer);
  EncodeOptions options;
  options.truncation = Truncation{.max_length = 10, .stride = 3};
  options.padding = Padding{.multiple_of = 4};
  const std::u16string text = u"one two three four five six seven eight nine ten eleven \xd800 twelve";
  auto encoding = tokenizer->encode({text, std::nullopt}, options);
  ASSERT_TRUE(encoding.ok());
  EXPECT_TRUE(encoding->truncated);
  EXPECT_EQ(encoding->size(), 12u);
  EXPECT_GT(encoding->overflowing.size(), 1u);
  EXPECT_EQ(encoding->tokens[10].id, tokenizer->special_ids().pad);
  EXPECT_EQ(tokenizer->normalize(u"a\xd800"), u"a\ufffd");
  EXPECT_EQ(tokenizer->decode(ids_of(*tokenizer, u"a\xd800")), u"a\ufffd");
}

// Files that a stranger may send. Each changes one thing of a good one.
struct Attack {
  const char* name;
  const char* patch;  // JSON merge patch of small_json()
  ErrorCode code;
};

class BytePairAttack : public testing::TestWithParam<Attack> {};

TEST_P(BytePairAttack, IsRefused) {
  Json json = small_json();
  json.merge_patch(Json::parse(GetParam().patch));
  const auto tokenizer = load_json(json);
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_EQ(error_name(tokenizer.error().code()), error_name(GetParam().code)) << tokenizer.error().message();
}

constexpr ErrorCode kInvalid = ErrorCode::TOKENIZER_INVALID, kUnsupported = ErrorCode::TOKENIZER_UNSUPPORTED;

INSTANTIATE_TEST_SUITE_P(
    TokenizerJson, BytePairAttack,
    testing::Values(
        Attack{"NegativeId", R"({"model": {"vocab": {"a": -1}}})", kInvalid},
        Attack{"HugeId", R"({"model": {"vocab": {"a": 4294967298}}})", kInvalid},
        Attack{"IdBeyondEveryVocabulary", R"({"model": {"vocab": {"x": 1000000}}})", kInvalid},
        Attack{"IdOf64Bits", R"({"model": {"vocab": {"a": 18446744073709551615}}})", kInvalid},
        Attack{"FractionalId", R"({"model": {"vocab": {"a": 2.5}}})", kInvalid},
        Attack{"TextAsId", R"({"model": {"vocab": {"a": "2"}}})", kInvalid},
        Attack{"IdTwice", R"({"model": {"vocab": {"x": 3}}})", kInvalid},
        Attack{"VocabIsAList", R"({"model": {"vocab": ["a", "b"]}})", kInvalid},
        Attack{"NoVocab", R"({"model": {"vocab": null}})", kInvalid},
        Attack{"NoMerges", R"({"model": {"merges": null}})", kInvalid},
        Attack{"MergeOfUnknownLeft", R"({"model": {"merges": ["x b"]}})", kInvalid},
        Attack{"MergeOfUnknownRight", R"({"model": {"merges": ["a x"]}})", kInvalid},
        Attack{"MergeIntoUnknown", R"({"model": {"merges": ["c a"]}})", kInvalid},
        Attack{"MergeOfOne", R"({"model": {"merges": ["ab"]}})", kInvalid},
        Attack{"MergeOfThree", R"({"model": {"merges": ["a b c"]}})", kInvalid},
        Attack{"MergeOfThreeInAList", R"({"model": {"merges": [["a", "b", "c"]]}})", kInvalid},
        Attack{"MergeOfNumbers", R"({"model": {"merges": [[2, 3]]}})", kInvalid},
        Attack{"MergeIsANumber", R"({"model": {"merges": [2]}})", kInvalid},
        Attack{"UnknownTokenNotInVocab", R"({"model": {"unk_token": "nowhere"}})", kInvalid},
        Attack{"AddedTokenWithTheIdOfAnother", R"({"added_tokens": [{"id": 3, "content": "new"}]})", kInvalid},
        Attack{"AddedTokenWithNegativeId", R"({"added_tokens": [{"id": -3, "content": "new"}]})", kInvalid},
        Attack{"AddedTokenWithHugeId", R"({"added_tokens": [{"id": 2000000000, "content": "new"}]})", kInvalid},
        Attack{"TemplateIdNotInVocab", R"({"post_processor": {"cls": ["<s>", 900]}})", kInvalid},
        Attack{"TemplateIdNegative", R"({"post_processor": {"sep": ["</s>", -1]}})", kInvalid},
        Attack{"SequenceWithoutProcessors", R"({"post_processor": {"type": "Sequence"}})", kInvalid},
        Attack{"Dropout", R"({"model": {"dropout": 0.1}})", kUnsupported},
        Attack{"ByteFallback", R"({"model": {"byte_fallback": true}})", kUnsupported},
        Attack{"SubwordPrefix", R"({"model": {"continuing_subword_prefix": "##"}})", kUnsupported},
        Attack{"WordSuffix", R"({"model": {"end_of_word_suffix": "</w>"}})", kUnsupported},
        Attack{"OtherModel", R"({"model": {"type": "Unigram"}})", kUnsupported},
        Attack{"OtherNormalizer", R"({"normalizer": {"type": "NFC"}})", kUnsupported},
        Attack{"OtherPreTokenizer", R"({"pre_tokenizer": {"type": "Metaspace"}})", kUnsupported},
        Attack{"NoPreTokenizer", R"({"pre_tokenizer": null})", kUnsupported},
        Attack{"OtherPostProcessor", R"({"post_processor": {"type": "Magic"}})", kUnsupported},
        Attack{"OtherDecoder", R"({"decoder": {"type": "Metaspace"}})", kUnsupported},
        Attack{"NoDecoder", R"({"decoder": null})", kUnsupported}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(BytePairAttack, TokenTwiceInTheText) {
  std::string text = small_json().dump();
  const size_t at = text.find("\"a\":2");
  ASSERT_NE(at, std::string::npos);
  text.insert(at, "\"a\":20,");
  MemoryFiles files;
  files.add("tokenizer.json", std::string_view(text));
  const auto tokenizer = Tokenizer::load(files);
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_EQ(tokenizer.error().code(), ErrorCode::TOKENIZER_INVALID);
}

ErrorCode code_of(FileSet& files) {
  const auto tokenizer = Tokenizer::load(files);
  return tokenizer ? ErrorCode::INTERNAL : tokenizer.error().code();
}

TEST(BytePairFiles, MergesAreMissing) {
  MemoryFiles files;
  files.add("vocab.json", R"({"<s>": 0, "</s>": 1})");
  EXPECT_EQ(code_of(files), ErrorCode::FILE_NOT_FOUND);
}

TEST(BytePairFiles, SpecialTokensAreMissing) {
  MemoryFiles files;
  files.add("vocab.json", R"({"<s>": 0})");
  files.add("merges.txt", "");
  EXPECT_EQ(code_of(files), ErrorCode::TOKENIZER_INVALID);
}

TEST(BytePairFiles, VocabIsAListOrBroken) {
  MemoryFiles files;
  files.add("merges.txt", "");
  files.add("vocab.json", "[]");
  EXPECT_EQ(code_of(files), ErrorCode::TOKENIZER_INVALID);
  files.add("vocab.json", "{\"<s>\": 0");
  EXPECT_EQ(code_of(files), ErrorCode::JSON_SYNTAX);
}

TEST(BytePairFiles, MergeOfUnknownTokens) {
  MemoryFiles files;
  files.add("vocab.json", R"({"<s>": 0, "</s>": 1, "a": 2})");
  files.add("merges.txt", "#version: 0.2\na b\n");
  EXPECT_EQ(code_of(files), ErrorCode::TOKENIZER_INVALID);
  files.add("merges.txt", "#version: 0.2\na\n");
  EXPECT_EQ(code_of(files), ErrorCode::TOKENIZER_INVALID);
  files.add("merges.txt", std::string_view("a\0 a\n", 5));
  EXPECT_EQ(code_of(files), ErrorCode::TOKENIZER_INVALID);
}

TEST(WordPieceFiles, IdTwiceOrTokenTwiceInTokenizerJson) {
  for (const char* vocab : {R"({"[UNK]": 0, "a": 0})", R"({"[UNK]": 0, "a": 1, "a": 2})", R"({"[UNK]": -1})",
                            R"({"[UNK]": 99999999999})"}) {
    MemoryFiles files;
    files.add("tokenizer.json", std::string_view(std::string(R"({"model": {"type": "WordPiece", "vocab": )") + vocab +
                                                 R"(}, "pre_tokenizer": {"type": "BertPreTokenizer"}})"));
    EXPECT_EQ(code_of(files), ErrorCode::TOKENIZER_INVALID) << vocab;
  }
}

}  // namespace
}  // namespace squeezebert
