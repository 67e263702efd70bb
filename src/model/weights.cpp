#include "glid/model/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <ranges>
#include <set>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/model/parts.h"

namespace glid {
namespace {

at::ScalarType scalar_type(const std::string& dtype) {
  static const std::map<std::string, at::ScalarType> types{
      {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"I64", at::kLong},
      {"I32", at::kInt},    {"I16", at::kShort}, {"I8", at::kChar},  {"U8", at::kByte},       {"BOOL", at::kBool}};
  const auto found = types.find(dtype);
  TORCH_CHECK(found != types.end(), "no tensor type for safetensors dtype ", dtype);
  return found->second;
}

std::string dtype_name(at::ScalarType type) {
  for (const char* name : {"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"})
    if (scalar_type(name) == type) return name;
  TORCH_CHECK(false, "no safetensors dtype for ", type);
}

bool is_in(std::string_view name, const auto& names) { return std::ranges::find(names, name) != std::ranges::end(names); }

// Our name of a tensor of the file.
std::string our_name(const std::string& name) {
  std::string ours = is_in(part_of_parameter(name), kModelParts) ? name : "encoder." + name;
  for (const char* end : {".weight", ".bias"})
    if (ours == std::string("encoder.norm") + end) ours = std::string("encoder.norm3") + end;
  return ours;
}

// What official checkpoints hold beside the weights.
bool is_beside(const std::string& ours) {
  return ours.ends_with(".relative_position_index") || ours.ends_with(".attn_mask") || ours.starts_with("encoder.head.");
}

bool is_bias_table(const std::string& name) { return name.ends_with(".relative_position_bias_table"); }

int64_t table_side(int64_t rows) { return static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(rows)))); }

at::Tensor resize_table(const at::Tensor& table, int64_t rows) {  // [S1^2, heads] -> [S2^2, heads]
  const int64_t from = table_side(table.size(0)), to = table_side(rows), heads = table.size(1);
  const at::Tensor image = table.to(at::kFloat).t().reshape({1, heads, from, from});
  return at::upsample_bicubic2d(image, {to, to}, /*align_corners=*/false).view({heads, rows}).t();
}

std::string shape_text(at::IntArrayRef sizes) {
  std::string text;
  for (const int64_t size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

// What to look at when a tensor of the part has another shape.
std::string hint_for(std::string_view part) {
  if (part == "encoder") return "is model.encoder.name right?";
  if (part == "queries") return "the task asks as many queries as it did there, or init.parts leaves queries out";
  if (part == "heads") return "heads of another task or of other classes: init.parts leaves heads out";
  return format("is model.{} as it was there?", part);
}

void copy_tensor(const std::string& where, const std::string& name, const at::Tensor& from, at::Tensor& to,
                 PartReport& part) {
  if (from.sizes() == to.sizes()) {
    to.copy_(from);
    part.loaded.push_back(name);
  } else if (is_bias_table(name) && from.dim() == 2 && from.size(1) == to.size(1)) {
    to.copy_(resize_table(from, to.size(0)));
    part.resized.push_back(name);
  } else {
    throw UsageError(where + ": " + name, "has another shape than the model", shape_text(from.sizes()),
                     format("the model's is {}; {}", shape_text(to.sizes()), hint_for(part.part)));
  }
  part.filled += to.numel();
}

PartReport load_part(const std::string& name_of_part, torch::nn::Module& model, const SafetensorsFile& file,
                     const std::map<std::string, std::string>& sources, const std::string& where) {
  PartReport part{name_of_part};
  for (auto& [name, parameter] : named_parameters(model)) {
    if (part_of_parameter(name) != part.part) continue;
    part.parameters += parameter.numel();
    const auto source = sources.find(name);
    if (source == sources.end()) part.missing.push_back(name);
    else copy_tensor(where, name, as_tensor(*file.find(source->second)), parameter, part);
  }
  return part;
}

[[noreturn]] void refuse_absent(const std::string& where, const std::string& part) {
  throw UsageError(where, format("holds no tensor of the part '{}'", part), "", "init.parts lists what is to be loaded");
}

// The model's parts without those that were loaded, each with the reason.
std::vector<std::string> random_parts(const torch::nn::Module& model, const LoadReport& report,
                                      const std::vector<std::string>& asked) {
  std::vector<std::string> random;
  for (const std::string_view part : kModelParts) {
    const bool exists = std::ranges::any_of(
        named_parameters(model), [&](const auto& parameter) { return part_of_parameter(parameter.first) == part; });
    if (!exists || is_in(part, report.parts | std::views::transform(&PartReport::part))) continue;
    random.push_back(format("{} ({})", part, is_in(part, asked) ? "not in the file" : "not asked for"));
  }
  return random;
}

// Decoder layers among parameter names: one more than the largest number.
template <typename Names>
int64_t num_decoder_layers(const Names& names) {
  constexpr std::string_view kBeginning = "decoder.layers.";
  int64_t layers = 0;
  for (const auto& [name, unused] : names)
    if (int64_t layer = 0;
        name.starts_with(kBeginning) &&
        std::from_chars(name.data() + kBeginning.size(), name.data() + name.size(), layer).ec == std::errc())
      layers = std::max(layers, layer + 1);
  return layers;
}

// Half of a decoder would load without a word and be worth little.
void require_equal_depth(const torch::nn::Module& model, const std::map<std::string, std::string>& sources,
                         const std::string& where) {
  const int64_t ours = num_decoder_layers(named_parameters(model)), theirs = num_decoder_layers(sources);
  if (theirs > 0 && theirs != ours)
    throw UsageError(where, "has a decoder of another depth than the model", format("{} layers", theirs),
                     format("the model has {}: set model.decoder.layers, or leave the decoder out of init.parts", ours));
}

void append_names(std::string& text, const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  text += format("\n  {}:", what);
  for (const std::string& name : names) text += " " + name;
}

}  // namespace

std::string LoadReport::text() const {
  std::string text = "weights from " + source;
  for (const PartReport& part : parts) {
    text += format("\n  {}: {} loaded, {} resized, {} missing ({:.2f} % of {} parameters filled)", part.part,
                   part.loaded.size(), part.resized.size(), part.missing.size(),
                   100.0 * static_cast<double>(part.filled) / static_cast<double>(part.parameters), part.parameters);
    append_names(text, "missing, keeps its initial value", part.missing);
    append_names(text, "resized", part.resized);
  }
  if (!random.empty()) text += "\n  initial values: " + join(random, ", ");
  append_names(text, "unexpected, not used", unexpected);
  if (!ignored.empty()) text += format("\n  ignored: {} tensors (other parts, buffers, classifier)", ignored.size());
  return text;
}

at::Tensor as_tensor(const TensorInfo& info) {
  return at::from_blob(const_cast<std::byte*>(info.data), info.shape, at::dtype(scalar_type(info.dtype)));
}

TensorInfo tensor_info(const at::Tensor& tensor) {
  TORCH_CHECK(tensor.is_cpu() && tensor.is_contiguous(), "tensor_info: a contiguous CPU tensor is needed");
  return {dtype_name(tensor.scalar_type()), tensor.sizes().vec(), static_cast<const std::byte*>(tensor.const_data_ptr()),
          tensor.nbytes()};
}

StageWindows windows_of(const SafetensorsFile& file, const std::string& where) {
  StageWindows windows{};
  for (int stage = 0; stage < kNumStages; ++stage) {
    const std::string name = format("layers.{}.blocks.0.attn.relative_position_bias_table", stage);
    const TensorInfo* table = file.find(name);
    if (!table) table = file.find("encoder." + name);
    if (!table || table->shape.size() != 2) throw DataError(where, "holds no Swin encoder", "", "no tensor " + name);
    windows[stage] = (table_side(table->shape[0]) + 1) / 2;
  }
  return windows;
}

LoadReport load_weights(torch::nn::Module& model, const std::filesystem::path& path, const std::vector<std::string>& parts,
                        AbsentPart absent) {
  const at::NoGradGuard no_grad;
  const SafetensorsFile file(path);
  LoadReport report{.source = path.string()};
  std::set<std::string> known;
  for (const auto& [name, parameter] : named_parameters(model)) known.insert(name);
  std::map<std::string, std::string> sources;  // our name -> the file's
  for (const std::string& name : file.names()) {
    const std::string ours = our_name(name);
    const bool asked = is_in(part_of_parameter(ours), parts);
    const bool is_pretraining_only = ours == "decoder.mask_token" && !known.contains(ours);
    if (is_beside(ours) || !asked || is_pretraining_only) report.ignored.push_back(name);
    else sources[ours] = name;
  }
  require_equal_depth(model, sources, report.source);
  for (const std::string& name : parts) {
    PartReport part = load_part(name, model, file, sources, report.source);
    if (part.filled > 0) report.parts.push_back(std::move(part));
    else if (absent == AbsentPart::kRefuse) refuse_absent(report.source, name);
  }
  if (report.parts.empty()) refuse_absent(report.source, join(parts, ", "));
  report.random = random_parts(model, report, parts);
  for (const auto& [ours, name] : sources)
    if (!known.contains(ours)) report.unexpected.push_back(name);
  return report;
}

}  // namespace glid
