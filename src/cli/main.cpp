// squeezebert: the library on the command line.
//   squeezebert classify --model <folder> [--all] ["text" ...]   texts, or a line of standard input each
//   squeezebert quantize <folder> <new folder> [--dtype q8]       a copy with small weights
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "../formats/folder.h"
#include "../model/saved_model.h"
#include "../tasks/text_classification.h"
#include "../tokenizer/utf.h"

namespace {

using namespace squeezebert;

constexpr const char* kUsage =
    "usage: squeezebert classify --model <folder> [--all] [\"text\" ...]\n"
    "  Prints label, score and text of each text, tab-separated; without texts, of each line of standard input.\n"
    "  --model <folder>  config.json, model.safetensors and vocab.txt or tokenizer.json\n"
    "  --all             every label with its score, the highest first\n"
    "  --dtype <type>    how the weights are kept: fp32, fp16, q8 or q4; otherwise as the file holds them\n"
    "usage: squeezebert quantize <folder> <new folder> [--dtype q8|q4|fp16|fp32] [--embeddings q8|q4|fp16|fp32]\n"
    "  Writes the weights of a model in another type, and the other files of the model beside them. Default: q8.\n"
    "  --embeddings      the type of the word embeddings, where it is another\n";

int fail(const Error& error) {
  std::fprintf(stderr, "squeezebert: %s\n", error.message().c_str());
  return 1;
}

int misuse(const std::string& what) {
  std::fprintf(stderr, "squeezebert: %s\n%s", what.c_str(), kUsage);
  return 2;
}

// False: no such type.
bool parse_type(const std::string& name, std::optional<WeightType>& type) {
  for (const WeightType known : {WeightType::fp32, WeightType::fp16, WeightType::q8, WeightType::q4}) {
    if (name != name_of(known)) continue;
    type = known;
    return true;
  }
  return false;
}

class Classify {
 public:
  static Result<Classify> load(const std::string& folder, bool all, std::optional<WeightType> type) {
    Folder files(folder);
    SQUEEZEBERT_TRY_ASSIGN(tokenizer, Tokenizer::load(files));
    LoadOptions options;
    options.weights = type;
    SQUEEZEBERT_TRY_ASSIGN(model, Model::load(files, options));
    SQUEEZEBERT_TRY_ASSIGN(classifier, TextClassifier::create(*tokenizer, *model));
    return Classify(std::move(tokenizer), std::move(model), classifier, all);
  }

  Result<void> print(const std::string& text) {
    const auto utf16 = to_utf16(text);
    if (!utf16) return Error{ErrorCode::INVALID_ARGUMENT, {"a text is not UTF-8"}};
    const TextInput input{*utf16, std::nullopt};
    ClassifyOptions options;
    options.top_k = all_ ? 0 : 1;
    SQUEEZEBERT_TRY_ASSIGN(results, classifier_.classify({&input, 1}, options));
    for (const LabelScore& entry : results[0].scores)
      std::printf("%s\t%.4f\t", model_->config().id2label[static_cast<size_t>(entry.label)].c_str(), entry.score);
    std::printf("%s%s\n", results[0].truncated ? "(cut) " : "", text.c_str());
    return {};
  }

 private:
  Classify(std::unique_ptr<Tokenizer> tokenizer, std::unique_ptr<Model> model, TextClassifier classifier, bool all)
      : tokenizer_(std::move(tokenizer)), model_(std::move(model)), classifier_(classifier), all_(all) {}

  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<Model> model_;
  TextClassifier classifier_;
  bool all_;
};

int classify(const std::vector<std::string>& arguments) {
  std::string folder;
  bool all = false, only_texts = false;
  std::optional<WeightType> type;
  std::vector<std::string> texts;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (only_texts || !argument.starts_with("--")) {
      texts.push_back(argument);
    } else if (argument == "--") {
      only_texts = true;
    } else if (argument == "--all") {
      all = true;
    } else if (argument == "--model" && i + 1 < arguments.size()) {
      folder = arguments[++i];
    } else if (argument == "--dtype" && i + 1 < arguments.size() && parse_type(arguments[i + 1], type)) {
      ++i;
    } else {
      return misuse("unknown or incomplete option '" + argument + "'");
    }
  }
  if (folder.empty()) return misuse("--model <folder> is missing");
  auto command = Classify::load(folder, all, type);
  if (!command) return fail(command.error());
  if (!texts.empty()) {
    for (const std::string& text : texts)
      if (const auto done = command->print(text); !done) return fail(done.error());
    return 0;
  }
  for (std::string line; std::getline(std::cin, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (const auto done = command->print(line); !done) return fail(done.error());
  }
  return 0;
}

// A model of its own is written to a name of its own first: an interrupted run leaves no half file under the true one.
int write_weights(const Model& model, const std::filesystem::path& path) {
  const std::filesystem::path half = path.string() + ".part";
  std::ofstream file(half, std::ios::binary);
  SavedModel saved(model);
  for (auto part = saved.next(); !part.empty(); part = saved.next())
    file.write(reinterpret_cast<const char*>(part.data()), static_cast<std::streamsize>(part.size()));
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(half, path, error);
  if (file && !error) return 0;
  std::filesystem::remove(half, error);
  return fail({ErrorCode::FILE_WRITE, path.string()});
}

int quantize(const std::vector<std::string>& arguments) {
  std::vector<std::string> folders;
  LoadOptions options;
  options.weights = WeightType::q8;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool more = i + 1 < arguments.size();
    if (arguments[i] == "--dtype" && more && parse_type(arguments[i + 1], options.weights)) ++i;
    else if (arguments[i] == "--embeddings" && more && parse_type(arguments[i + 1], options.words)) ++i;
    else if (arguments[i].starts_with("--")) return misuse("unknown or incomplete option '" + arguments[i] + "'");
    else folders.push_back(arguments[i]);
  }
  if (folders.size() != 2) return misuse("quantize takes a folder and a new folder");
  Folder files(folders[0]);
  const auto model = Model::load(files, options);
  if (!model) return fail(model.error());
  const std::filesystem::path from = folders[0], to = folders[1];
  std::error_code error;
  std::filesystem::create_directories(to, error);
  if (std::filesystem::equivalent(from, to, error)) return misuse("the new folder is the old one");
  for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                           "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt", "modules.json",
                           "1_Pooling/config.json", "sentence_bert_config.json"}) {
    if (!std::filesystem::exists(from / name)) continue;
    std::filesystem::create_directories((to / name).parent_path(), error);
    std::filesystem::copy_file(from / name, to / name, std::filesystem::copy_options::overwrite_existing, error);
    if (error) return fail({ErrorCode::FILE_WRITE, (to / name).string()});
  }
  return write_weights(**model, to / "model.safetensors");
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  if (arguments.empty()) return misuse("no command");
  if (arguments[0] == "--help" || arguments[0] == "help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (arguments[0] == "classify") return classify({arguments.begin() + 1, arguments.end()});
  if (arguments[0] == "quantize") return quantize({arguments.begin() + 1, arguments.end()});
  return misuse("unknown command '" + arguments[0] + "'");
}
