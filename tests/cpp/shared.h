// Where the reference data lies: beside the checkout. Tests that need it say so and skip where it is absent.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace squeezebert {

inline std::filesystem::path shared_folder() { return std::filesystem::path(SQUEEZEBERT_SOURCE_DIR) / ".." / "shared"; }

// Ours, in the repository.
inline std::filesystem::path fixtures_folder() { return std::filesystem::path(SQUEEZEBERT_SOURCE_DIR) / "tests/fixtures"; }

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  // Python writes NaN, which JSON does not have: where the reference could not be run in float64.
  for (size_t at = 0; (at = text.find(":NaN", at)) != std::string::npos;) text.replace(at, 4, ":null");
  return nlohmann::json::parse(text);
}

}  // namespace squeezebert

#define SQUEEZEBERT_NEEDS_SHARED(path)                                                    \
  if (!std::filesystem::exists(squeezebert::shared_folder() / (path)))                    \
  GTEST_SKIP() << "skipped: ../shared/" << (path) << " is not there"
