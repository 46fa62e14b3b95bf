// Every file of fuzz/corpus once through its target: what a fuzzer has found stays found. In a build with sanitizers.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/targets.h"

namespace squeezebert {
namespace {

class FuzzCorpus : public testing::TestWithParam<fuzz::Target> {};

TEST_P(FuzzCorpus, IsReplayed) {
  const auto folder = std::filesystem::path(SQUEEZEBERT_SOURCE_DIR) / "fuzz/corpus" / GetParam().name;
  ASSERT_TRUE(std::filesystem::is_directory(folder)) << folder;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    GetParam().run(bytes);
    // Cut anywhere, it must be refused or be good again.
    for (size_t part = 1; part < 8; ++part) GetParam().run(std::string_view(bytes).substr(0, bytes.size() * part / 8));
    ++files;
  }
  EXPECT_GE(files, 3);
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpus, testing::ValuesIn(fuzz::kTargets),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace squeezebert
