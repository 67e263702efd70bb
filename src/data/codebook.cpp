#include "glid/data/codebook.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/core/temporaries.h"
#include "glid/formats/safetensors.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

const TensorInfo& require(const SafetensorsFile& file, const fs::path& path, const char* name, const char* dtype) {
  const TensorInfo* const info = file.find(name);
  if (!info)
    throw DataError(path.string(), format("is no codebook: it has no tensor `{}`", name),
                    join(std::span(file.names()), " "));
  if (info->dtype != dtype) throw DataError(path.string(), format("`{}` must be {}", name, dtype), info->dtype);
  return *info;
}

}  // namespace

Codebook read_codebook(const fs::path& path) {
  std::error_code unreachable;
  if (!fs::exists(path, unreachable))
    throw DataError(path.string(), "is not there", {}, "glid_data codebook --data DIR --out FILE makes a codebook");
  const SafetensorsFile file(path);
  const TensorInfo &codes = require(file, path, "codes", "F32"), &patch = require(file, path, "patch", "I64");
  Codebook codebook{.codes = elements<float>(codes)};
  if (patch.bytes == sizeof(int64_t)) codebook.patch_px = elements<int64_t>(patch)[0];
  if (codebook.patch_px < 1 || codebook.patch_px > 1024)
    throw DataError(path.string(), "`patch` must be one number of 1 to 1024 px");
  if (codes.shape.size() != 2 || codes.shape[0] < 2 || codes.shape[1] != codebook.width())
    throw DataError(
        path.string(),
        format("`codes` must be [K, {}] for patches of {} px, of two codes or more", codebook.width(), codebook.patch_px),
        glid::format("[{}]", fmt::join(codes.shape, ", ")));
  if (!std::ranges::all_of(codebook.codes, [](float value) { return std::isfinite(value); }))
    throw DataError(path.string(), "`codes` has a number that is not finite");
  if (!file.find("counts")) return codebook;
  const TensorInfo& counts = require(file, path, "counts", "I64");
  if (counts.shape != std::vector<int64_t>{codebook.size()})
    throw DataError(path.string(), "`counts` must have a number a code",
                    glid::format("[{}]", fmt::join(counts.shape, ", ")));
  codebook.counts = elements<int64_t>(counts);
  if (std::ranges::any_of(codebook.counts, [](int64_t count) { return count < 0; }))
    throw DataError(path.string(), "`counts` has a negative number");
  return codebook;
}

void write_codebook(const fs::path& path, const Codebook& codebook, const std::map<std::string, std::string>& metadata) {
  const auto info = [](const char* dtype, std::vector<int64_t> shape, const auto& values) {
    return TensorInfo{
        dtype, std::move(shape), reinterpret_cast<const std::byte*>(values.data()), values.size() * sizeof(values[0]), {}};
  };
  const std::vector<int64_t> patch{codebook.patch_px};
  SafetensorsWriter::Tensors tensors{{"codes", info("F32", {codebook.size(), codebook.width()}, codebook.codes)},
                                     {"patch", info("I64", {1}, patch)}};
  if (!codebook.counts.empty()) tensors.emplace_back("counts", info("I64", {codebook.size()}, codebook.counts));
  FoldersAbove above(path);
  AtomicFile file(path);
  write_safetensors(file.path(), tensors, metadata);
  file.commit();
  above.keep();
}

}  // namespace glid
