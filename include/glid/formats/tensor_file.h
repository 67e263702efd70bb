// Named tensors of a file, whatever program wrote it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "glid/core/tally.h"
#include "glid/formats/tensor_info.h"

namespace glid {

// A file of one of these forms, recognised by its content, mapped into memory and checked before anything is handed out:
//   safetensors                  one file, or the `*.safetensors.index.json` of several
//   PyTorch (zip)                .pth .pt .bin as torch.save writes them since 1.6, or the `*.bin.index.json` of several
//   PyTorch (before 1.6)         the older form without a zip
//   pickle of numpy arrays       .pkl as detectron2 and Mask2Former give weights away
//   pickle of PyTorch's tensors  .pkl as plain pickle.dump writes a state_dict
// In PyTorch's files and pickles the levels of nested dictionaries and lists are joined by dots ("model.layers.0.weight",
// "optimizer.state.3.exp_avg"); of objects the attributes are a level, those of a whole torch.nn.Module as its state_dict()
// names them. A tensor alone is called "tensor". Nothing in a file is ever run. The tensors of a file lie in its
// memory; only those that Python 3 pickled by protocol 2 without torch.save are copied, as they are texts there.
class TensorFile {
 public:
  // Throws DataError naming the file when it is missing, truncated, damaged or of no known form, and when all that it has is
  // left out.
  explicit TensorFile(const std::filesystem::path& file);
  TensorFile(TensorFile&&) noexcept;
  TensorFile& operator=(TensorFile&&) noexcept;
  ~TensorFile();

  // In the file's order.
  const std::vector<std::string>& names() const;
  // nullptr when there is no such tensor; the data live as long as this object.
  const TensorInfo* find(std::string_view name) const;
  // Texts beside the tensors: safetensors' metadata, or the strings and numbers of a PyTorch file by their dotted names, of
  // which the first 10,000 are kept and none that is longer than 1000 characters.
  const std::map<std::string, std::string>& metadata() const;
  // Tensors that TensorInfo can't say: quantised, sparse, of complex128 or of a class of their own; those whose key in a
  // dictionary is neither an integer nor a line of at most 1000 characters; the second one of a name. And what is beyond the
  // bounds: tensors with which all have more than eight times the file's bytes, or those that show numbers again more than
  // four times; what lies below a hundred levels; values that are held many times over, from where it is
  // too much.
  const Tally& left_out() const;
  // The form in words, as above: "safetensors", "PyTorch (zip)", "safetensors, 3 files"; of a file that is one of several by
  // its name it says whether their index is beside it.
  const std::string& form() const;
  // The files that the tensors lie in.
  const std::vector<std::filesystem::path>& files() const;

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace glid
