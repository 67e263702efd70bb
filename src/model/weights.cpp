#include "glid/model/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "glid/core/error.h"
#include "glid/core/format.h"

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

std::string part_of(const std::string& name) { return name.substr(0, name.find('.')); }

bool is_part(const std::string& part) {
  return std::find(model_parts().begin(), model_parts().end(), part) != model_parts().end();
}

// Our name of a tensor of the file.
std::string our_name(const std::string& name) {
  std::string ours = is_part(part_of(name)) ? name : "encoder." + name;
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
                     "the model's is " + shape_text(to.sizes()) + "; is model.encoder.name right?");
  }
  part.filled += to.numel();
}

void load_part(PartReport& part, torch::nn::Module& model, const SafetensorsFile& file,
               const std::map<std::string, std::string>& sources, const std::string& where) {
  for (auto& [name, parameter] : named_parameters(model)) {
    if (part_of(name) != part.part) continue;
    part.parameters += parameter.numel();
    const auto source = sources.find(name);
    if (source == sources.end()) part.missing.push_back(name);
    else copy_tensor(where, name, as_tensor(*file.find(source->second)), parameter, part);
  }
  if (part.filled == 0)
    throw UsageError(where, format("holds no tensor of the part '{}'", part.part), "",
                     "init.parts lists what is to be loaded");
}

// Decoder layers among parameter names: one more than the largest number.
template <typename Names>
int64_t num_decoder_layers(const Names& names) {
  constexpr std::string_view kBeginning = "decoder.layers.";
  int64_t layers = 0;
  for (const auto& [name, unused] : names)
    if (name.starts_with(kBeginning)) layers = std::max<int64_t>(layers, std::stoll(name.substr(kBeginning.size())) + 1);
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

const std::vector<std::string>& model_parts() {
  static const std::vector<std::string> parts{"encoder", "bifpn", "decoder", "heads"};
  return parts;
}

std::string LoadReport::text() const {
  std::string text = "weights from " + source;
  for (const PartReport& part : parts) {
    text += format("\n  {}: {} loaded, {} resized, {} missing ({:.2f} % of {} parameters filled)", part.part,
                   part.loaded.size(), part.resized.size(), part.missing.size(),
                   100.0 * static_cast<double>(part.filled) / static_cast<double>(part.parameters), part.parameters);
    append_names(text, "missing, keeps its initial value", part.missing);
    append_names(text, "resized", part.resized);
  }
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

LoadReport load_weights(torch::nn::Module& model, const std::filesystem::path& path, const std::vector<std::string>& parts) {
  const at::NoGradGuard no_grad;
  const SafetensorsFile file(path);
  LoadReport report{path.string(), {}, {}, {}};
  std::map<std::string, std::string> sources;  // our name -> the file's
  for (const std::string& name : file.names()) {
    const std::string ours = our_name(name);
    const bool asked = std::find(parts.begin(), parts.end(), part_of(ours)) != parts.end();
    if (is_beside(ours) || !asked) report.ignored.push_back(name);
    else sources[ours] = name;
  }
  require_equal_depth(model, sources, report.source);
  for (const std::string& part : parts) {
    report.parts.push_back({part});
    load_part(report.parts.back(), model, file, sources, report.source);
  }
  std::set<std::string> known;
  for (const auto& [name, parameter] : named_parameters(model)) known.insert(name);
  for (const auto& [ours, name] : sources)
    if (!known.contains(ours)) report.unexpected.push_back(name);
  return report;
}

}  // namespace glid
