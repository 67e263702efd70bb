#include "glid/formats/tensor_file.h"

#include "glid/formats/safetensors.h"
#include "tensor_table.h"

namespace glid {
namespace {

TensorTable read_safetensors(const std::filesystem::path& file) {
  auto opened = std::make_shared<SafetensorsFile>(file);
  TensorTable table{.form = "safetensors", .files = {file}, .names = opened->names(), .metadata = opened->metadata()};
  for (const std::string& name : table.names) table.tensors.emplace(name, *opened->find(name));
  table.owners.push_back(std::move(opened));
  return table;
}

}  // namespace

TensorFile::TensorFile(const std::filesystem::path& file) : content_(new Content{read_safetensors(file)}) {}
TensorFile::TensorFile(TensorFile&&) noexcept = default;
TensorFile& TensorFile::operator=(TensorFile&&) noexcept = default;
TensorFile::~TensorFile() = default;

const std::vector<std::string>& TensorFile::names() const { return content_->names; }

const TensorInfo* TensorFile::find(std::string_view name) const {
  const auto found = content_->tensors.find(name);
  return found == content_->tensors.end() ? nullptr : &found->second;
}

const std::map<std::string, std::string>& TensorFile::metadata() const { return content_->metadata; }
const Tally& TensorFile::left_out() const { return content_->left_out; }
const std::string& TensorFile::form() const { return content_->form; }
const std::vector<std::filesystem::path>& TensorFile::files() const { return content_->files; }

}  // namespace glid
