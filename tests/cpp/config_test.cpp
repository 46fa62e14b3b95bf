#include "model/config.h"

#include <gtest/gtest.h>

namespace squeezebert {
namespace {

std::string message(std::string_view text) {
  const auto parsed = parse_config(text);
  return parsed ? "good" : parsed.error().message();
}

TEST(Config, DefaultsAreThePublishedModels) {
  const auto squeezebert = parse_config(R"({"model_type":"squeezebert"})");
  ASSERT_TRUE(squeezebert.ok());
  EXPECT_EQ(squeezebert->vocab_size, 30522);
  EXPECT_EQ(squeezebert->hidden_size, 768);
  EXPECT_EQ(squeezebert->layers, 12);
  EXPECT_EQ(squeezebert->heads, 12);
  EXPECT_EQ(squeezebert->intermediate_size, 3072);
  EXPECT_EQ(squeezebert->groups.query, 4);
  EXPECT_EQ(squeezebert->groups.post_attention, 1);
  EXPECT_EQ(squeezebert->head, Head::none);
  EXPECT_EQ(squeezebert->id2label, (std::vector<std::string>{"LABEL_0", "LABEL_1"}));
  const auto distilbert = parse_config(R"({"model_type":"distilbert"})");
  ASSERT_TRUE(distilbert.ok());
  EXPECT_EQ(distilbert->layers, 6);
  EXPECT_EQ(distilbert->type_vocab_size, 0);
  const auto roberta = parse_config(R"({"model_type":"roberta","max_position_embeddings":514})");
  ASSERT_TRUE(roberta.ok());
  EXPECT_EQ(roberta->pad_token_id, 1);
  EXPECT_EQ(roberta->usable_length(), 512);
}

TEST(Config, EpsilonWhereEachFamilyUsesIt) {
  const auto squeezebert = parse_config(R"({"model_type":"squeezebert","layer_norm_eps":0.05})");
  EXPECT_FLOAT_EQ(squeezebert->embedding_norm_eps, 0.05f);
  EXPECT_FLOAT_EQ(squeezebert->layer_norm_eps, 1e-12f);
  const auto bert = parse_config(R"({"model_type":"bert","layer_norm_eps":0.05})");
  EXPECT_FLOAT_EQ(bert->layer_norm_eps, 0.05f);
}

TEST(Config, Labels) {
  const auto counted = parse_config(R"({"model_type":"bert","num_labels":3})");
  EXPECT_EQ(counted->id2label, (std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"}));
  const auto named = parse_config(R"({"model_type":"bert","id2label":{"1":"b","0":"a"}})");
  EXPECT_EQ(named->id2label, (std::vector<std::string>{"a", "b"}));
  for (const char* labels : {R"({"0":"a","2":"b"})", R"({"0":"a","x":"b"})", R"({"0":5})", R"({"-1":"a"})",
                             R"({"0":"a","00":"b"})", R"({"99999999999999999999":"a"})", R"(["a"])"})
    EXPECT_NE(message(std::string(R"({"model_type":"bert","id2label":)") + labels + "}").find("id2label"),
              std::string::npos)
        << labels;
}

TEST(Config, Heads) {
  EXPECT_EQ(parse_config(R"({"model_type":"bert","architectures":["BertForTokenClassification"]})")->head,
            Head::token_classification);
  EXPECT_EQ(head_of_architecture("SqueezeBertForSequenceClassification"), Head::sequence_classification);
  EXPECT_EQ(head_of_architecture("RobertaForMaskedLM"), Head::masked_lm);
  EXPECT_EQ(head_of_architecture("BertForMultipleChoice"), Head::multiple_choice);
  EXPECT_EQ(head_of_architecture("DistilBertForQuestionAnswering"), Head::question_answering);
  EXPECT_EQ(head_of_architecture("BertModel"), Head::none);
}

TEST(Config, UnknownFieldsAreIgnored) {
  EXPECT_EQ(message(R"({"model_type":"bert","transformers_version":"4","use_cache":true,"x":[{}]})"), "good");
}

TEST(Config, NonsenseIsNamed) {
  const struct {
    const char* field;
    const char* json;
  } cases[] = {
      {"hidden_size", R"("hidden_size":0)"},
      {"hidden_size", R"("hidden_size":-768)"},
      {"hidden_size", R"("hidden_size":1e9)"},
      {"hidden_size", R"("hidden_size":99999999999999999999)"},
      {"hidden_size", R"("hidden_size":9223372036854775808)"},
      {"num_hidden_layers", R"("num_hidden_layers":-12)"},
      {"num_hidden_layers", R"("num_hidden_layers":1000000)"},
      {"intermediate_size", R"("intermediate_size":0)"},
      {"layer_norm_eps", R"("layer_norm_eps":1e300)"},
      {"hidden_size", R"("hidden_size":2000000000)"},
      {"hidden_size", R"("hidden_size":"768")"},
      {"hidden_size", R"("hidden_size":768.5)"},
      {"vocab_size", R"("vocab_size":99999999999)"},
      {"num_hidden_layers", R"("num_hidden_layers":0)"},
      {"heads", R"("num_attention_heads":7)"},
      {"num_attention_heads", R"("num_attention_heads":0)"},
      {"max_position_embeddings", R"("max_position_embeddings":0)"},
      {"hidden_act", R"("hidden_act":"tanh")"},
      {"layer_norm_eps", R"("layer_norm_eps":-1)"},
      {"layer_norm_eps", R"("layer_norm_eps":0)"},
      {"layer_norm_eps", R"("layer_norm_eps":0e-5)"},
      {"layer_norm_eps", R"("layer_norm_eps":1e-300)"},
      {"layer_norm_eps", R"("layer_norm_eps":"small")"},
      {"q_groups", R"("q_groups":5)"},
      {"q_groups", R"("q_groups":0)"},
      {"output_groups", R"("output_groups":-4)"},
      {"intermediate_groups", R"("intermediate_groups":9)"},
      {"embedding_size", R"("embedding_size":128)"},
      {"intermediate_kernel", R"("intermediate_kernel":2)"},
      {"intermediate_kernel", R"("intermediate_kernel":5)"},
      {"excitation_reduction", R"("excitation_reduction":-1)"},
      {"excitation_reduction", R"("excitation_reduction":7)"},
      {"num_labels", R"("num_labels":0)"},
      {"position_embedding_type", R"("position_embedding_type":"relative_key")"},
      {"pad_token_id", R"("pad_token_id":-1)"},
  };
  for (const auto& [field, json] : cases) {
    const std::string text = message(std::string(R"({"model_type":"squeezebert",)") + json + "}");
    EXPECT_EQ(text.find("CONFIG_INVALID"), 0u) << json << " " << text;
    EXPECT_NE(text.find(field), std::string::npos) << json << " " << text;
  }
}

// The texts below are of the form that Hugging Face's library saves, with a number of its own in every field.
TEST(Config, ReadsSqueezeBert) {
  const auto config = parse_config(R"({
    "architectures": ["SqueezeBertForMaskedLM"], "attention_probs_dropout_prob": 0.1, "embedding_size": 96,
    "hidden_act": "gelu_new", "hidden_dropout_prob": 0.1, "hidden_size": 96, "initializer_range": 0.02,
    "intermediate_groups": 3, "intermediate_size": 192, "k_groups": 8, "layer_norm_eps": 1e-05,
    "max_position_embeddings": 77, "model_type": "squeezebert", "num_attention_heads": 6, "num_hidden_layers": 5,
    "output_groups": 12, "pad_token_id": 3, "post_attention_groups": 2, "q_groups": 16, "torch_dtype": "float32",
    "type_vocab_size": 4, "v_groups": 96, "vocab_size": 1234, "problem_type": "regression"})");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->family, Family::squeezebert);
  EXPECT_EQ(config->head, Head::masked_lm);
  EXPECT_EQ(config->vocab_size, 1234);
  EXPECT_EQ(config->hidden_size, 96);
  EXPECT_EQ(config->layers, 5);
  EXPECT_EQ(config->heads, 6);
  EXPECT_EQ(config->head_size(), 16);
  EXPECT_EQ(config->intermediate_size, 192);
  EXPECT_EQ(config->max_positions, 77);
  EXPECT_EQ(config->usable_length(), 77);
  EXPECT_EQ(config->type_vocab_size, 4);
  EXPECT_EQ(config->pad_token_id, 3);
  EXPECT_EQ(config->activation, Activation::gelu_tanh);
  EXPECT_EQ(config->groups.query, 16);
  EXPECT_EQ(config->groups.key, 8);
  EXPECT_EQ(config->groups.value, 96);
  EXPECT_EQ(config->groups.post_attention, 2);
  EXPECT_EQ(config->groups.intermediate, 3);
  EXPECT_EQ(config->groups.output, 12);
  EXPECT_EQ(config->problem_type, "regression");
}

TEST(Config, ReadsBert) {
  const auto config = parse_config(R"({
    "architectures": ["BertForQuestionAnswering"], "classifier_dropout": null, "hidden_act": "relu", "hidden_size": 48,
    "intermediate_size": 100, "layer_norm_eps": 1e-06, "max_position_embeddings": 40, "model_type": "bert",
    "num_attention_heads": 4, "num_hidden_layers": 2, "pad_token_id": 0, "position_embedding_type": "absolute",
    "type_vocab_size": 2, "use_cache": true, "vocab_size": 110, "q_groups": 4})");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->family, Family::bert);
  EXPECT_EQ(config->head, Head::question_answering);
  EXPECT_EQ(config->hidden_size, 48);
  EXPECT_EQ(config->intermediate_size, 100);
  EXPECT_EQ(config->activation, Activation::relu);
  EXPECT_FLOAT_EQ(config->embedding_norm_eps, 1e-6f);
  EXPECT_FLOAT_EQ(config->layer_norm_eps, 1e-6f);
  EXPECT_EQ(config->groups.query, 1) << "groups are SqueezeBERT's alone";
  EXPECT_EQ(config->groups.output, 1);
}

TEST(Config, ReadsDistilBert) {
  const auto config = parse_config(R"({
    "activation": "silu", "architectures": ["DistilBertForMultipleChoice"], "attention_dropout": 0.1, "dim": 36,
    "dropout": 0.1, "hidden_dim": 72, "max_position_embeddings": 41, "model_type": "distilbert", "n_heads": 3,
    "n_layers": 4, "pad_token_id": 0, "qa_dropout": 0.1, "sinusoidal_pos_embds": false, "vocab_size": 111,
    "hidden_size": 7, "num_attention_heads": 7, "num_hidden_layers": 7, "intermediate_size": 7, "hidden_act": "relu",
    "type_vocab_size": 7, "layer_norm_eps": 0.5})");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->family, Family::distilbert);
  EXPECT_EQ(config->head, Head::multiple_choice);
  EXPECT_EQ(config->hidden_size, 36);
  EXPECT_EQ(config->layers, 4);
  EXPECT_EQ(config->heads, 3);
  EXPECT_EQ(config->intermediate_size, 72);
  EXPECT_EQ(config->max_positions, 41);
  EXPECT_EQ(config->type_vocab_size, 0);
  EXPECT_EQ(config->activation, Activation::silu);
  EXPECT_FLOAT_EQ(config->embedding_norm_eps, 1e-12f);
  EXPECT_FLOAT_EQ(config->layer_norm_eps, 1e-12f);
}

TEST(Config, ReadsRoberta) {
  const auto config = parse_config(R"({
    "architectures": ["RobertaForSequenceClassification"], "bos_token_id": 0, "eos_token_id": 2, "hidden_act": "gelu",
    "hidden_size": 48, "id2label": {"0": "negative", "1": "neutral", "2": "positive"}, "intermediate_size": 96,
    "label2id": {"negative": 0, "neutral": 1, "positive": 2}, "layer_norm_eps": 1e-05, "max_position_embeddings": 42,
    "model_type": "roberta", "num_attention_heads": 4, "num_hidden_layers": 2, "pad_token_id": 1, "type_vocab_size": 1,
    "vocab_size": 110})");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->family, Family::roberta);
  EXPECT_EQ(config->head, Head::sequence_classification);
  EXPECT_EQ(config->max_positions, 42);
  EXPECT_EQ(config->usable_length(), 40);
  EXPECT_EQ(config->type_vocab_size, 1);
  EXPECT_EQ(config->labels, 3);
  EXPECT_EQ(config->id2label, (std::vector<std::string>{"negative", "neutral", "positive"}));
  EXPECT_FLOAT_EQ(config->layer_norm_eps, 1e-5f);
}

TEST(Config, NullIsAsIfAbsent) {
  const auto config = parse_config(R"({"model_type":"squeezebert","hidden_size":null,"q_groups":null,"id2label":null,
    "hidden_act":null,"layer_norm_eps":null,"pad_token_id":null,"problem_type":null,"architectures":null})");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->hidden_size, 768);
  EXPECT_EQ(config->groups.query, 4);
  EXPECT_EQ(config->labels, 2);
  EXPECT_EQ(config->head, Head::none);
}

TEST(Config, NamesOfLabelsCountMoreThanTheirNumber) {
  const auto both = parse_config(R"({"model_type":"bert","num_labels":7,"id2label":{"0":"a","1":"b","2":"c"}})");
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->labels, 3);
  const auto none = parse_config(R"({"model_type":"bert","num_labels":1,"id2label":{}})");
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->id2label, (std::vector<std::string>{"LABEL_0"}));
  const auto text = parse_config(R"({"model_type":"bert","id2label":{"0":"\u00e4rgerlich \ud83d\ude21"}})");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->id2label[0], "\u00e4rgerlich \U0001F621");
}

TEST(Config, EveryGroupCountMustDivideBothSides) {
  // 5 divides neither 768 nor 3072; 9 neither; 1024 the intermediate 3072 but not the hidden 768.
  for (const char* field :
       {"q_groups", "k_groups", "v_groups", "post_attention_groups", "intermediate_groups", "output_groups"}) {
    for (const char* count : {"5", "9", "1024", "0", "-4", "4.0", "\"4\"", "true", "[4]", "99999999999999999999"}) {
      const std::string text = message(R"({"model_type":"squeezebert",")" + std::string(field) + "\":" + count + "}");
      EXPECT_EQ(text.find("CONFIG_INVALID"), 0u) << field << " " << count << ": " << text;
      EXPECT_NE(text.find(field), std::string::npos) << field << " " << count << ": " << text;
    }
    EXPECT_EQ(message(R"({"model_type":"squeezebert",")" + std::string(field) + "\":768}"), "good") << "depthwise";
  }
}

TEST(Config, NonsenseIsNamedInTheFamilysOwnWords) {
  const struct {
    const char* field;
    const char* json;
  } cases[] = {
      {"dim", R"("model_type":"distilbert","dim":0)"},
      {"n_layers", R"("model_type":"distilbert","n_layers":1001)"},
      {"n_heads", R"("model_type":"distilbert","n_heads":"12")"},
      {"hidden_dim", R"("model_type":"distilbert","hidden_dim":-1)"},
      {"activation", R"("model_type":"distilbert","activation":"mish")"},
      {"heads", R"("model_type":"distilbert","n_heads":5)"},
      {"intermediate_size", R"("model_type":"bert","intermediate_size":65537)"},
      {"type_vocab_size", R"("model_type":"bert","type_vocab_size":0)"},
      {"hidden_act", R"("model_type":"bert","hidden_act":5)"},
      {"layer_norm_eps", R"("model_type":"bert","layer_norm_eps":1.5)"},
      // Every position of RoBERTa's lies behind the padding's.
      {"max_position_embeddings", R"("model_type":"roberta","max_position_embeddings":2)"},
      {"max_position_embeddings", R"("model_type":"roberta","max_position_embeddings":514,"pad_token_id":513)"},
      {"pad_token_id", R"("model_type":"roberta","pad_token_id":10000001)"},
      {"num_labels", R"("model_type":"bert","num_labels":1000001)"},
      {"num_labels", R"("model_type":"bert","num_labels":2.5)"},
  };
  for (const auto& [field, json] : cases) {
    const std::string text = message("{" + std::string(json) + "}");
    EXPECT_EQ(text.find("CONFIG_INVALID"), 0u) << json << " " << text;
    EXPECT_NE(text.find(field), std::string::npos) << json << " " << text;
  }
}

TEST(Config, SyntaxAndDepth) {
  EXPECT_EQ(message("<!DOCTYPE html>").find("JSON_SYNTAX"), 0u);
  EXPECT_EQ(message(R"({"model_type":"bert",})").find("JSON_SYNTAX"), 0u);
  EXPECT_EQ(message(std::string(1000, '[')).find("JSON_TOO_DEEP"), 0u);
  EXPECT_EQ(message("5").find("CONFIG_INVALID"), 0u);
  // Python writes these; JSON has no such numbers.
  for (const char* value : {"NaN", "Infinity", "-Infinity", "1e999"}) {
    const std::string text = message(R"({"model_type":"bert","layer_norm_eps":)" + std::string(value) + "}");
    EXPECT_TRUE(text.find("JSON_SYNTAX") == 0 || text.find("CONFIG_INVALID") == 0) << value << ": " << text;
  }
}

TEST(Config, OtherFamilies) {
  EXPECT_NE(message(R"({"model_type":"gpt2"})").find("'gpt2'"), std::string::npos);
  // Networks that look alike and are not: better a plain word than wrong numbers.
  for (const char* name : {"xlm", "xlm-roberta", "deberta", "deberta-v2", "albert", "electra", "mpnet", "camembert"}) {
    const std::string text = message(R"({"model_type":")" + std::string(name) + "\"}");
    EXPECT_EQ(text.find("MODEL_TYPE_UNSUPPORTED"), 0u) << text;
    EXPECT_NE(text.find("'" + std::string(name) + "'"), std::string::npos) << text;
  }
  EXPECT_EQ(message(R"({"model_type":"Bert"})").find("MODEL_TYPE_UNSUPPORTED"), 0u);
  EXPECT_EQ(message(R"({"model_type":null})").find("MODEL_TYPE_UNSUPPORTED"), 0u);
  EXPECT_EQ(message(R"({"model_type":"gpt2"})").find("MODEL_TYPE_UNSUPPORTED"), 0u);
  EXPECT_EQ(message("{}").find("MODEL_TYPE_UNSUPPORTED"), 0u);
  EXPECT_EQ(message(R"({"model_type":5})").find("MODEL_TYPE_UNSUPPORTED"), 0u);
  EXPECT_EQ(message("[]").find("CONFIG_INVALID"), 0u);
  EXPECT_EQ(message("").find("JSON_SYNTAX"), 0u);
}

}  // namespace
}  // namespace squeezebert
