// A file's tensors under the names of our parameters.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "glid/model/find_encoder.h"

namespace glid {

class WeightSource {
 public:
  explicit WeightSource(const std::filesystem::path& path);

  // Where a parameter is; without names where the file lacks it. Throws UsageError for numbers that no parameter can take.
  FoundParameter find(const std::string& parameter) const;
  at::Tensor read(const std::string& parameter, const FoundParameter& place) const;

  // Files without an encoder can only be ours.
  bool is_ours() const { return !encoder_ || encoder_->dialect == Dialect::kGlid; }
  // What it would be called in this file.
  std::string name_of(const std::string& parameter) const;
  bool is_renamed(const std::string& parameter, const FoundParameter& place) const;
  // Norms of the stages' outputs are ours and those of detection's backbones: files of other kinds have none of a stage.
  bool has_place_for(const std::string& parameter) const;

  std::string prefix() const { return encoder_ ? encoder_->prefix : std::string(); }
  const std::string& where() const { return where_; }
  const TensorFile& file() const { return file_; }
  const std::optional<FoundEncoder>& encoder() const { return encoder_; }
  // The file, its form and what was recognised.
  std::string text() const;

 private:
  std::string where_;
  TensorFile file_;
  std::optional<FoundEncoder> encoder_;
};

}  // namespace glid
