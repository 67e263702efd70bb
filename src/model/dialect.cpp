#include "glid/model/dialect.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "glid/core/format.h"
#include "glid/model/file_tensors.h"

namespace glid {
namespace {

// OpenMMLab gathers the pixels of a merging by nn.Unfold: channel by channel (0,0), (0,1), (1,0), (1,1), where the others put
// pixel before pixel in the order (0,0), (1,0), (0,1), (1,1). The last axis of its norm and its reduction follows.
at::Tensor from_unfold(const at::Tensor& x) {
  const int64_t channels = x.size(-1) / 4;
  return x.unflatten(-1, {channels, 2, 2}).movedim({-1, -2, -3}, {-3, -2, -1}).flatten(-3);
}

bool is_merging(const std::string& parameter) { return parameter.find(".downsample.") != std::string::npos; }

// Where a name of the encoder may stand in the file. transformers keeps SwinBackbone's model under `swin.` and its norms
// beside it, but saves the files without that `swin.`, except for the norm that SwinModel ends with.
std::vector<std::string> places_of(const FoundEncoder& found, const std::string& name) {
  constexpr std::string_view kModel = "swin.";
  std::vector<std::string> places{found.prefix + name};
  if (found.prefix.ends_with(kModel))
    places.push_back(found.prefix.substr(0, found.prefix.size() - kModel.size()) + name);
  places.push_back(format("{}{}{}", found.prefix, kModel, name));
  return places;
}

// The names of a spelling, empty unless the file has all of them.
Spelling names_in_file(const TensorFile& file, const FoundEncoder& found, const Spelling& spelling) {
  Spelling names;
  for (const std::string& name : spelling) {
    const std::vector<std::string> places = places_of(found, name);
    const auto place = std::ranges::find_if(places, [&](const std::string& p) { return file.find(p) != nullptr; });
    if (place == places.end()) return {};
    names.push_back(*place);
  }
  return names;
}

}  // namespace

ReadParameter read_parameter(const TensorFile& file, const FoundEncoder& found, const std::string& parameter,
                             const std::string& where) {
  ReadParameter read;
  for (const Spelling& spelling : spellings(found.dialect, parameter)) {
    const Spelling names = names_in_file(file, found, spelling);
    if (read.names.empty()) read.names = names;
    else read.unused.insert(read.unused.end(), names.begin(), names.end());
  }
  if (read.names.empty()) return read;
  std::vector<at::Tensor> parts;
  for (const std::string& name : read.names) parts.push_back(floating_tensor(file, name, where));
  read.tensor = parts.size() == 1 ? parts[0] : at::cat(parts);
  const bool is_unfolded = found.dialect == Dialect::kOpenMmlab && is_merging(parameter);
  if (is_unfolded && read.tensor.dim() > 0 && read.tensor.size(-1) % 4 == 0) read.tensor = from_unfold(read.tensor);
  return read;
}

ForeignTensors to_dialect(Dialect dialect, const NamedTensors& parameters) {
  TORCH_CHECK(dialect != Dialect::kOpenMmlab, "files are not written in OpenMMLab's layout");
  ForeignTensors foreign;
  for (const auto& [name, tensor] : parameters) {
    const std::vector<Spelling> all = spellings(dialect, name);
    if (all.empty()) foreign.left_out.push_back(name);
    for (const Spelling& spelling : all) {
      const std::vector<at::Tensor> parts = tensor.chunk(std::ssize(spelling));
      for (size_t i = 0; i < spelling.size(); ++i) foreign.tensors.emplace_back(spelling[i], parts[i].contiguous());
    }
  }
  return foreign;
}

}  // namespace glid
