// Torch's two containers: what is read from them, and every way to make them lie, each with its exact error.
#include "formats/torch_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "formats/pickle.h"
#include "formats/zip.h"
#include "torch_builder.h"

namespace squeezebert {
namespace {

using namespace torch_builder;
using enum ErrorCode;

Result<std::unique_ptr<TorchFile>> open(const std::string& file) {
  return TorchFile::open(std::make_unique<BufferSource>(std::string_view(file)));
}

std::string floats(const std::vector<float>& values) {
  std::string bytes(values.size() * 4, '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

const std::string kTwelve = floats({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});

std::vector<float> all_of(TorchFile& file, std::string_view name) {
  const TensorInfo* tensor = file.find(name);
  if (!tensor) return {};
  std::vector<float> values(tensor->elements);
  const auto read = file.read_f32(*tensor, 0, values);
  EXPECT_TRUE(read.ok()) << read.error().message();
  // A stretch in the middle gives the same.
  if (values.size() > 3) {
    std::vector<float> part(values.size() - 3);
    EXPECT_TRUE(file.read_f32(*tensor, 2, part).ok());
    EXPECT_TRUE(std::equal(part.begin(), part.end(), values.begin() + 2));
  }
  return values;
}

// One state dict in both containers, whose tensors share a storage of twelve numbers.
class Containers : public testing::TestWithParam<bool> {
 protected:
  static std::string file(const std::vector<Item>& items, const std::vector<std::string>& storages = {kTwelve},
                          const std::vector<uint64_t>& elements = {12}, bool wrapped = false) {
    std::string state = state_dict(items);
    if (wrapped) state = "}(" + text("epoch") + integer(3) + text("state_dict") + state + "u";
    return GetParam() ? archive(pickled(state), storages).bytes() : old_file(state, storages, elements);
  }
};

TEST_P(Containers, SharedSlicedStridedAndWrappedTensors) {
  const std::string s = storage("0", 12);
  auto opened = open(file({{"whole", tensor(s, 0, {3, 4}, {4, 1})},
                           {"slice", tensor(s, 4, {4}, {1})},
                           {"column", tensor(s, 1, {3}, {4})},
                           {"transposed", tensor(s, 0, {4, 3}, {1, 4})},
                           {"block", tensor(s, 5, {2, 2}, {4, 1})},
                           {"repeated", tensor(s, 2, {3}, {0})},
                           {"scalar", tensor(s, 11, {}, {})},
                           {"none", tensor(s, 12, {0, 4}, {4, 1})},
                           {"parameter", parameter(tensor(s, 6, {2}, {1}))}}));
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  TorchFile& torch = **opened;
  EXPECT_EQ(torch.tensors().size(), 9u);
  EXPECT_EQ(all_of(torch, "whole"), (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(all_of(torch, "slice"), (std::vector<float>{4, 5, 6, 7}));
  EXPECT_EQ(all_of(torch, "column"), (std::vector<float>{1, 5, 9}));
  EXPECT_EQ(all_of(torch, "transposed"), (std::vector<float>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_EQ(all_of(torch, "block"), (std::vector<float>{5, 6, 9, 10}));
  EXPECT_EQ(all_of(torch, "repeated"), (std::vector<float>{2, 2, 2}));
  EXPECT_EQ(all_of(torch, "scalar"), (std::vector<float>{11}));
  EXPECT_EQ(all_of(torch, "parameter"), (std::vector<float>{6, 7}));
  EXPECT_EQ(torch.find("none")->elements, 0u);
  EXPECT_EQ(torch.find("whole")->shape, (std::vector<uint64_t>{3, 4}));
}

TEST_P(Containers, AStateDictOneLevelDown) {
  auto opened = open(file({{"a", tensor(storage("0", 12), 0, {12}, {1})}}, {kTwelve}, {12}, true));
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  EXPECT_EQ(all_of(**opened, "a").size(), 12u);
}

TEST_P(Containers, EveryStorageType) {
  const std::vector<std::pair<std::string, DType>> types = {
      {"FloatStorage", DType::f32}, {"HalfStorage", DType::f16}, {"BFloat16Storage", DType::bf16},
      {"DoubleStorage", DType::f64}, {"LongStorage", DType::i64}, {"IntStorage", DType::i32}, {"ShortStorage", DType::i16},
      {"CharStorage", DType::i8}, {"ByteStorage", DType::u8}, {"BoolStorage", DType::boolean}};
  for (const auto& [name, dtype] : types) {
    std::string bytes(2 * element_bytes(dtype), '\0');
    if (dtype == DType::f16) bytes = number(0x3c00, 2) + number(0xc000, 2);
    if (dtype == DType::bf16) bytes = number(0x3f80, 2) + number(0xc000, 2);
    if (dtype == DType::f64) bytes = number(0x3ff0000000000000, 8) + number(0xc000000000000000, 8);
    if (dtype == DType::f32) bytes = floats({1, -2});
    auto opened = open(file({{"a", tensor(storage("0", 2, name), 0, {2}, {1})}}, {bytes}, {2}));
    ASSERT_TRUE(opened.ok()) << name << opened.error().message();
    const TensorInfo& info = (*opened)->tensors()[0];
    EXPECT_EQ(info.dtype, dtype);
    std::vector<float> values(2);
    const auto read = (*opened)->read_f32(info, 0, values);
    if (dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f64) {
      ASSERT_TRUE(read.ok());
      EXPECT_EQ(values, (std::vector<float>{1, -2})) << name;
    } else {
      ASSERT_FALSE(read.ok()) << name;
      EXPECT_EQ(error_name(read.error().code()), "TENSOR_DTYPE");
    }
  }
}

TEST_P(Containers, CutAnywhere) {
  const std::string whole = file({{"a", tensor(storage("0", 12), 0, {12}, {1})}});
  ASSERT_TRUE(open(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(open(whole.substr(0, size)).ok()) << size;
  EXPECT_FALSE(open(whole + "x").ok());
}

INSTANTIATE_TEST_SUITE_P(Torch, Containers, testing::Bool(),
                         [](const auto& info) { return info.param ? "Zip" : "BeforeTorch16"; });

TEST(TorchFile, PartsOfStoragesInTheOlderForm) {
  const std::string view = tuple({text("0-4"), integer(4), integer(3)});
  const auto with = [&](int64_t size) {
    return old_file(state_dict({{"a", tensor(storage("0", 12, "FloatStorage", view), 1, {size}, {1})}}), {kTwelve}, {12});
  };
  auto opened = open(with(2));
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  EXPECT_EQ(all_of(**opened, "a"), (std::vector<float>{5, 6}));
  const auto past = open(with(3));
  ASSERT_FALSE(past.ok());
  EXPECT_EQ(error_name(past.error().code()), "TORCH_TENSOR");
}

// A transposed matrix whose rows lie too far apart for one read.
TEST(TorchFile, StridesLargerThanTheWindow) {
  constexpr int64_t rows = 3, apart = 2'500'000;
  std::vector<float> values(rows * apart);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1000);
  const auto size = static_cast<int64_t>(values.size());
  auto opened = open(archive(pickled(state_dict({{"a", tensor(storage("0", size), 0, {2, rows}, {1, apart})}})),
                             {floats(values)}).bytes());
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  EXPECT_EQ(all_of(**opened, "a"), (std::vector<float>{0, 0, 0, 1, 1, 1}));
}

TEST(TorchFile, Zip64AndByteOrder) {
  Zip zip = archive(pickled(state_dict({{"a", tensor(storage("0", 12), 0, {12}, {1})}})), {kTwelve});
  zip.zip64 = true;
  zip.entries.push_back({"model/byteorder", "little"});
  EXPECT_TRUE(open(zip.bytes()).ok());
  zip.entries.back().bytes = "big";
  const auto opened = open(zip.bytes());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(error_name(opened.error().code()), "TORCH_FILE");
}

struct Attack {
  std::string name, file;
  ErrorCode error;
  std::string detail = {};
};
void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

std::string pickle_file(const std::string& body) { return archive(pickled(body), {kTwelve}).bytes(); }
std::string repeat(std::string_view part, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += part;
  return all;
}

std::vector<Attack> pickle_attacks() {
  std::vector<Attack> all = {
      {"OsSystem", pickle_file(call(global("os", "system"), tuple({text("true")}))), PICKLE_UNSAFE, "os system"},
      {"PosixSystem", pickle_file(call(global("posix", "system"), tuple({text("true")}))), PICKLE_UNSAFE, "posix system"},
      {"Eval", pickle_file(call(global("builtins", "eval"), tuple({text("1")}))), PICKLE_UNSAFE, "builtins eval"},
      {"GlobalThatIsNotCalled", pickle_file(global("subprocess", "Popen")), PICKLE_UNSAFE, "subprocess Popen"},
      {"GlobalLikeAnAllowedOne", pickle_file(global("torch", "FloatStorageX")), PICKLE_UNSAFE},
      {"GlobalOfAnotherModule", pickle_file(global("evil", "OrderedDict")), PICKLE_UNSAFE},
      {"GlobalWithABlankInItsName", pickle_file(global("collections OrderedDict", "")), PICKLE_UNSAFE},
      {"GlobalSplitElsewhere", pickle_file(global("torch", "nn FloatStorage")), PICKLE_UNSAFE},
      {"WholeModule", pickle_file(global("transformers.models.bert.modeling_bert", "BertModel")), PICKLE_UNSAFE, "BertModel"},
      {"Inst", pickle_file("(ios\nsystem\n"), PICKLE_UNSAFE, "operation 105"},
      {"Obj", pickle_file("(" + global("collections", "OrderedDict") + "o"), PICKLE_UNSAFE, "operation 111"},
      {"NewObj", pickle_file(global("collections", "OrderedDict") + ")\x81"), PICKLE_UNSAFE, "operation 129"},
      {"StackGlobal", pickle_file(text("os") + text("system") + "\x93"), PICKLE_UNSAFE, "operation 147"},
      {"Extension", pickle_file("\x82\x01"), PICKLE_UNSAFE, "operation 130"},
      {"CallOfAText", pickle_file(text("os.system") + ")R"), PICKLE_UNSAFE},
      {"CallOfAStorageType", pickle_file(global("torch", "FloatStorage") + ")R"), PICKLE_UNSAFE},
      {"OrderedDictWithArguments", pickle_file(call(global("collections", "OrderedDict"), tuple({"]"}))), PICKLE_UNSAFE},
      {"AttributesOfAFunction", pickle_file(global("torch", "FloatStorage") + "}b"), PICKLE_UNSAFE},
      {"ParameterOfAText", pickle_file(parameter(text("x"))), PICKLE_UNSAFE},
      {"StackBomb", pickle_file(repeat("N", 70'000)), PICKLE_INVALID, "stack"},
      {"MarkBomb", pickle_file(repeat("(", 70'000)), PICKLE_INVALID, "stack"},
      {"MemoBomb", pickle_file("Nr\xff\xff\xff\xff"), PICKLE_INVALID, "memo"},
      {"ReduceBomb", pickle_file(repeat(ordered_dict() + "q" + number(0, 1) + "h" + number(0, 1), 33'000)), PICKLE_INVALID, "stack"},
      {"ValueBomb", pickle_file("](" + repeat(repeat("N", 1000) + "e(", 401)), PICKLE_INVALID, "values"},
      {"MemoPlaceThatIsEmpty", pickle_file("h" + number(7, 1)), PICKLE_INVALID, "memo"},
      {"TextPastTheEnd", pickle_file("X\xff\xff\xff\xff"), PICKLE_INVALID, "past the end"},
      {"NameWithoutEnd", pickle_file("cos"), PICKLE_INVALID},
      {"NumberOf2040Bits", pickle_file("\x8a\xff" + std::string(255, 'x')), PICKLE_INVALID},
      {"StackEmptyAtReduce", pickle_file("R"), PICKLE_INVALID},
      {"StackEmptyAtStop", pickle_file(""), PICKLE_INVALID},
      {"TupleBelowTheMark", pickle_file("N(\x85"), PICKLE_INVALID},
      {"TupleWithoutMark", pickle_file("t"), PICKLE_INVALID},
      {"OddNumberOfItems", pickle_file("}(Nu"), PICKLE_INVALID},
      {"ItemsForANumber", pickle_file("K\x01NNs"), PICKLE_INVALID},
      {"StorageWithoutDescription", pickle_file("NQ"), PICKLE_INVALID},
      {"Protocol5", archive("\x80\x05N.", {kTwelve}).bytes(), PICKLE_INVALID},
      {"PickleWithoutStop", archive("\x80\x02N", {kTwelve}).bytes(), PICKLE_INVALID, "STOP"},
      // Each list holds the one before twice: a reader that follows them all would never end.
      {"ListsOfLists", pickle_file("]q" + number(0, 1) + repeat("](h" + number(0, 1) + "h" + number(0, 1) + "eq" + number(0, 1), 60)),
       TORCH_FILE, "state dict"},
      {"ListWithinItself", pickle_file("]q" + number(0, 1) + "h" + number(0, 1) + "a"), TORCH_FILE, "state dict"},
      {"DictWithinItself", pickle_file("}q" + number(0, 1) + text("model") + "h" + number(0, 1) + "s"), TORCH_FILE, "state dict"},
      {"NoStateDict", pickle_file("K\x01"), TORCH_FILE, "state dict"},
      {"EmptyStateDict", pickle_file(ordered_dict()), TORCH_FILE, "state dict"},
  };
  return all;
}

std::vector<Attack> tensor_attacks() {
  const auto file = [](const std::string& value) { return pickle_file(state_dict({{"a", value}})); };
  const std::string s = storage("0", 12);
  constexpr int64_t most = INT64_MAX;
  std::vector<Attack> all;
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"ShapePastTheStorage", tensor(s, 0, {13}, {1})},
           {"StridePastTheStorage", tensor(s, 0, {3, 4}, {5, 1})},
           {"BeginningPastTheStorage", tensor(s, 12, {1}, {1})},
           {"BeginningFarPastTheStorage", tensor(s, most, {1}, {1})},
           {"StrideThatWraps", tensor(s, 0, {3}, {most})},
           {"NegativeSize", tensor(s, 0, {-1}, {1})},
           {"TwoNegativeSizes", tensor(s, 0, {-2, -3}, {3, 1})},
           {"NegativeStride", tensor(s, 11, {12}, {-1})},
           {"NegativeBeginning", tensor(s, -1, {1}, {1})},
           {"MoreElementsThan64Bits", tensor(s, 0, {most, most}, {0, 0})},
           {"ExpandedBomb", tensor(s, 0, {1 << 30, 1 << 30}, {0, 0})},
           {"FewerStridesThanSizes", tensor(s, 0, {3, 4}, {1})},
           {"NineDimensions", tensor(s, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1})},
           {"StorageThatIsNotThere", tensor(storage("7", 12), 0, {12}, {1})},
           {"StorageOfAnotherSize", tensor(storage("0", 13), 0, {12}, {1})},
           {"StorageOfAnotherType", tensor(storage("0", 12, "DoubleStorage"), 0, {12}, {1})},
           {"StorageOfNegativeSize", tensor(storage("0", -12), 0, {0}, {1})},
           {"StorageWhoseBytesWrap", tensor(storage("0", int64_t{1} << 62), 0, {12}, {1})},
           {"StorageWithAPath", tensor(storage("../0", 12), 0, {12}, {1})},
           {"StorageIsANumber", tensor(integer(0), 0, {12}, {1})},
           {"StorageWithoutFields", tensor(tuple({text("storage")}) + "Q", 0, {12}, {1})},
           {"StorageOfAFunction",
            tensor(tuple({text("storage"), global("collections", "OrderedDict"), text("0"), text("cpu"), integer(12)}) + "Q",
                   0, {12}, {1})},
       }) {
    all.push_back({name, file(value), TORCH_TENSOR, "'a'"});
  }
  const std::string good = tensor(s, 0, {12}, {1});
  all.push_back({"NameTwice", pickle_file(state_dict({{"a", good}, {"a", good}})), TORCH_TENSOR, "'a' occurs twice"});
  return all;
}

std::vector<Attack> zip_attacks() {
  const Zip good = archive(pickled(state_dict({{"a", tensor(storage("0", 12), 0, {12}, {1})}})), {kTwelve});
  const auto with = [&](auto change) {
    Zip zip = good;
    change(zip);
    return zip.bytes();
  };
  const std::string whole = good.bytes();
  return {
      {"MissingDirectory", whole.substr(0, whole.size() - 22), ZIP_INVALID, "directory"},
      {"OnlyTheFirstBytes", "PK", ZIP_INVALID, "directory"},
      {"TrailingBytes", whole + "x", ZIP_INVALID, "directory"},
      {"Comment", with([](Zip& z) { z.comment = "hello"; }), ZIP_INVALID, "directory"},
      {"DirectoryElsewhere", with([](Zip& z) { z.directory_more = 5; }), ZIP_INVALID, "directory"},
      {"DirectoryElsewhereIn64Bits", with([](Zip& z) { z.zip64 = true, z.directory_more = uint64_t{1} << 63; }), ZIP_INVALID},
      {"MoreEntriesThanThereAre", with([](Zip& z) { z.count_more = 1; }), ZIP_INVALID, "number of entries"},
      {"CompressedEntry", with([](Zip& z) { z.entries[1].method = 8; }), ZIP_INVALID, "'model/data/0' is compressed"},
      {"EncryptedEntry", with([](Zip& z) { z.entries[1].flags = 1; }), ZIP_INVALID, "'model/data/0' is encrypted"},
      {"SizeThatLies", with([](Zip& z) { z.entries[1].size_more = 4; }), ZIP_INVALID, "two sizes"},
      {"SizesThatLieTogether", with([](Zip& z) { z.entries[1].size_more = z.entries[1].stored_more = 4; }), ZIP_INVALID, "overlap"},
      {"SizePastTheEnd", with([](Zip& z) { z.entries[1].size_more = z.entries[1].stored_more = 1 << 30; }), ZIP_INVALID, "past the end"},
      {"SizeOf64Bits", with([](Zip& z) {
         Entry& e = z.entries[1];
         e.size_more = e.stored_more = 0xffffffff - 48;
         e.extra = number(1, 2) + number(16, 2) + number(UINT64_MAX, 8) + number(UINT64_MAX, 8);
       }), ZIP_INVALID, "past the end"},
      {"ExtraFieldTooShort", with([](Zip& z) {
         Entry& e = z.entries[1];
         e.size_more = e.stored_more = 0xffffffff - 48;
         e.extra = number(1, 2) + number(4, 2) + number(0, 4);
       }), ZIP_INVALID, "extra field"},
      {"ExtraFieldPastItsEnd", with([](Zip& z) { z.entries[1].extra = number(9, 2) + number(100, 2); }), ZIP_INVALID, "extra field"},
      {"OffsetPastTheEnd", with([](Zip& z) { z.entries[1].offset_more = 1 << 20; }), ZIP_INVALID, "past the end"},
      {"OffsetOfNoHeader", with([](Zip& z) { z.entries[1].offset_more = 1; }), ZIP_INVALID, "another header"},
      {"HeaderWithAnotherName", with([](Zip& z) { z.entries[1].local_name = "model/data/9"; }), ZIP_INVALID, "another header"},
      {"OverlappingEntries", with([](Zip& z) {
         // The bytes of one entry contain another whole one.
         const std::string inner = Zip{{{"model/data/1", kTwelve}}}.bytes().substr(0, 30 + 12 + 48);
         z.entries[1].bytes = inner;
         z.entries.insert(z.entries.begin() + 2, Entry{"model/data/1", ""});
         z.entries[2].offset_more = -static_cast<int64_t>(inner.size());
         z.entries[2].size_more = z.entries[2].stored_more = 48;
       }), ZIP_INVALID, "overlap"},
      {"SameNameTwice", with([](Zip& z) { z.entries.push_back(z.entries[1]); }), ZIP_INVALID, "occurs twice"},
      {"PathUpwards", with([](Zip& z) { z.entries[2].name = "../version"; }), ZIP_INVALID, "plain name"},
      {"PathUpwardsInTheMiddle", with([](Zip& z) { z.entries[2].name = "model/../../version"; }), ZIP_INVALID, "plain name"},
      {"PathFromTheRoot", with([](Zip& z) { z.entries[2].name = "/etc/passwd"; }), ZIP_INVALID, "plain name"},
      {"PathWithBackslash", with([](Zip& z) { z.entries[2].name = "model\\..\\x"; }), ZIP_INVALID, "plain name"},
      {"NameWithANul", with([](Zip& z) { z.entries[2].name = std::string("model/version\0x", 15); }), ZIP_INVALID, "plain name"},
      {"EmptyName", with([](Zip& z) { z.entries[2].name = ""; }), ZIP_INVALID, "plain name"},
      {"TwoDescriptions", with([](Zip& z) { z.entries.push_back({"other/data.pkl", "\x80\x02N."}); }), TORCH_FILE, "two data.pkl"},
      {"NoDescription", Zip{{{"model/data/0", kTwelve}}}.bytes(), TORCH_FILE, "no data.pkl"},
      {"DescriptionOf9MB", archive(std::string(9'000'000, 'N'), {}).bytes(), TORCH_FILE, "data.pkl"},
      {"EmptyArchive", Zip{}.bytes(), TORCH_FILE},
  };
}

std::vector<Attack> old_attacks() {
  const std::string state = state_dict({{"a", tensor(storage("0", 12), 0, {12}, {1})}});
  const std::string good = old_file(state, {kTwelve}, {12});
  std::string version = good;
  version.replace(version.find(integer(1001)), 10, integer(1002));
  return {
      {"EmptyFile", "", TORCH_FILE},
      {"Html", "<!DOCTYPE html>", TORCH_FILE},
      {"Tar", "storages\0\0\0", TORCH_FILE},
      {"AnotherVersion", version, TORCH_FILE, "version"},
      {"CountThatLies", old_file(state, {kTwelve}, {13}), TORCH_FILE, "another size"},
      {"CountOf64Bits", old_file(state, {kTwelve}, {UINT64_MAX}), TORCH_FILE, "another size"},
      {"StorageCutShort", good.substr(0, good.size() - 1), TORCH_FILE, "another size"},
      {"TrailingBytesInTheOlderForm", good + "x", TORCH_FILE, "behind"},
      {"StorageThatNoTensorHas", old_file(state, {kTwelve, kTwelve}, {12, 12}), TORCH_FILE, "no tensor"},
      {"StorageMissing", old_file(state, {}, {}), TORCH_TENSOR, "'a'"},
      {"OsSystemInTheOlderForm", old_file(call(global("os", "system"), tuple({text("true")})), {}, {}), PICKLE_UNSAFE, "os system"},
  };
}

class TorchAttacks : public testing::TestWithParam<Attack> {};

TEST_P(TorchAttacks, EndWithTheirError) {
  const Attack& attack = GetParam();
  const auto opened = open(attack.file);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(error_name(opened.error().code()), error_name(attack.error)) << opened.error().message();
  EXPECT_NE(opened.error().detail().find(attack.detail), std::string::npos) << opened.error().message();
}

const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Pickle, TorchAttacks, testing::ValuesIn(pickle_attacks()), kName);
INSTANTIATE_TEST_SUITE_P(Tensors, TorchAttacks, testing::ValuesIn(tensor_attacks()), kName);
INSTANTIATE_TEST_SUITE_P(ZipArchive, TorchAttacks, testing::ValuesIn(zip_attacks()), kName);
INSTANTIATE_TEST_SUITE_P(OlderForm, TorchAttacks, testing::ValuesIn(old_attacks()), kName);

}  // namespace
}  // namespace squeezebert
