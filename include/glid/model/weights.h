// Weights in: files of any form, with the encoder in any dialect, and a report of what became of every tensor.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "glid/model/bias_table.h"
#include "glid/model/glid.h"

namespace glid {

struct PartReport {
  std::string part;
  int64_t parameters = 0;  // numbers in the part
  int64_t filled = 0;      // of which the file gave
  int64_t renamed = 0;     // tensors that have another name there
  std::vector<std::string> loaded, resized, missing;
  std::vector<std::string> kept;  // initial values that the dialect has no place for: norm0..norm2
};

struct LoadReport {
  std::string source;  // the file, its form, and what was recognised
  std::vector<PartReport> parts;
  std::vector<std::string> unexpected;  // tensors of the file that no asked part has
  std::vector<std::string> ignored;     // parts not asked for, [M], buffers, classifiers
  std::vector<std::string> random;      // parts of the model that keep their initial values, and why
  std::vector<std::pair<std::string, std::string>> near_misses;  // missing, and the unexpected name that is like it
  std::vector<std::string> not_finite;                           // vectors (norms, biases) that got NaN or infinity
  std::vector<std::string> remarks;                              // on the encoder: windows, other copies in the file

  // One line a part, then what is missing, resized and unexpected by name.
  std::string text() const;
};

enum class AbsentPart { kRefuse, kReport };
struct LoadOptions {
  AbsentPart absent = AbsentPart::kRefuse;  // what a part without any tensor in the file is; one must be there in any case
  bool strict = false;                      // tensors that are missing or unexpected are refused
  BiasResize bias_tables = BiasResize::kBicubic;
};

// Copies the tensors of the parts into the model. An encoder may be in any dialect; the others are read from our files only.
// Bias tables of other windows are resized. Throws UsageError for an encoder of another size, for a tensor of another shape,
// for a decoder of another depth, for a Swin v2 or a ViT and for absent parts, and DataError for what strict refuses; before
// anything is copied.
LoadReport load_weights(torch::nn::Module& model, const std::filesystem::path& file, const std::vector<std::string>& parts,
                        const LoadOptions& options = {});

// Throws DataError naming the tensors that are missing, and what the file has instead.
void require_whole(const LoadReport& report, const std::string& where);

}  // namespace glid
